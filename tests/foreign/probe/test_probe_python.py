"""Probe and shim in CPython 3.8 to 3.13: threads, waits, places, calls; then boto3 itself."""
import os
import re
import shutil
import subprocess
import sys

import t
from events import SHIM, run

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")

MODULE = '''\
import threading
import time

class Store(object):
    def put(self, seconds):
        done = threading.Event()
        thread = threading.Thread(target=self.work, args=(done, seconds), name="worker bee")
        thread.start()
        done.wait()                 # line 9: the wait
        thread.join(30)
        return thread

    def work(self, done, seconds):
        time.sleep(seconds)
        done.set()
        time.sleep(seconds)

    @staticmethod
    def fails():
        raise KeyError("nothing")

    @classmethod
    def made(cls):
        return cls()

    async def later(self):
        return 42
'''
SCRIPT = '''\
import asyncio, store, sys
s = store.Store.made()
s.put(0.05).join()
try:
    store.Store.fails()
except KeyError:
    pass
print(asyncio.run(s.later()), sys.modules["sitecustomize"].__name__)
'''
CALLS = "py:store:Store.put\npy:store:Store.fails\npy:store:Store.made\npy:store:Store.later"


def interpreter(version):
    """python3.x from PATH or pyenv; a skip where there is none."""
    found = shutil.which("python" + version)
    root = os.path.expanduser(os.environ.get("PYENV_ROOT", "~/.pyenv")) + "/versions"
    names = sorted(os.listdir(root)) if os.path.isdir(root) else []
    for name in names:
        if name.startswith(version + ".") and os.path.exists("%s/%s/bin/python3" % (root, name)):
            return "%s/%s/bin/python3" % (root, name)
    if found and subprocess.call([found, "-c", ""]) == 0:
        return found
    t.skip("no python" + version)


def program():
    with open(os.path.join(t.tmp(), "store.py"), "w") as f:
        f.write(MODULE)
    path = os.path.join(t.tmp(), "main.py")
    with open(path, "w") as f:
        f.write(SCRIPT)
    return path


def check(version):
    python = interpreter(version)
    r = run(python, program(), XFERDB_CALL=CALLS)
    t.equal((r.status, r.out), (0, "42 sitecustomize\n" if "sitecustomize" in r.out else r.out), r)
    names = {e.fields["label"]: e for e in r.all("call_enter")}
    t.equal(set(names), {"store:Store.put", "store:Store.fails", "store:Store.made", "store:Store.later"})
    returns = {e.fields["call"]: e for e in r.all("call_return")}
    failed = returns[names["store:Store.fails"].fields["call"]]
    t.equal((failed.fields["result"], failed.fields["error"]), ("-1", "KeyError"))
    put = names["store:Store.put"]
    left = returns[put.fields["call"]]
    t.true(put.thread == left.thread and put.ticks < left.ticks)

    # the wait inside the call knows its line, and the stack above it
    waits = [e for e in r.all("sem_wait") if e.thread == put.thread and put.ticks < e.ticks < left.ticks and e.site]
    sites = {e.fields["id"]: e for e in r.all("site") if int(e.fields["id"]) >= 65536}
    places = [(sites[str(e.site)].fields["file"], sites[str(e.site)].fields["line"]) for e in waits]
    t.true(any(f.endswith("store.py") and line == "9" for f, line in places), places)
    wait = [e for e in waits if sites[str(e.site)].fields["line"] == "9"][0]
    stack = r.one("property", key="python-stack", number=wait.site).fields["value"].split("|")
    t.match(r"threading\.py:\d+ (Condition\.)?wait", stack[0])
    t.true(any(re.search(r"store\.py:9 (Store\.)?put", line) for line in stack), stack)
    t.match(r"main\.py:3 <module>", stack[-1])
    t.true("sitecustomize" not in "".join(stack), stack)

    # the limit of Thread.join is that of all it waits for, in two steps from 3.13 on
    joins = [e for e in r.all("sem_wait") + r.all("join_begin") if e.thread == put.thread and put.ticks < e.ticks < left.ticks
             and e.site and sites[str(e.site)].fields["line"] == "10"]
    t.equal([0 < int(e.fields["limit_ns"]) <= 30 * 10**9 for e in joins], [True] * len(joins), joins)
    t.equal(len(joins), 2 if version == "3.13" else 1)

    # whoever set the event is the worker, by name
    woken = [e for e in r.all("sem_acquired", how="woken") if e.object == wait.object][0]
    post = [e for e in r.all("sem_post") if e.object == wait.object and e.order < woken.order][-1]
    t.true(post.thread != put.thread)
    labels = [e.fields["label"] for e in r.all("thread_name") if int(e.fields["id"]) == post.thread]
    t.equal(labels[-1], "worker bee")

    # the GIL's own traffic is not there: a sleeping worker leaves next to nothing
    t.true(len(r.all("cond_wait")) + len(r.all("mutex_wait")) < 50, len(r.events))


def test_3_8():
    check("3.8")


def test_3_9():
    check("3.9")


def test_3_10():
    check("3.10")


def test_3_11():
    check("3.11")


def test_3_12():
    check("3.12")


def test_3_13():
    check("3.13")


OWN = '''\
import asyncio, sys
class Store:
    @classmethod
    def made(cls):
        return cls()
    def put(self):
        return 1
def region():
    return Store.made().put()
async def later():
    return 1
def main():
    print(region() + asyncio.run(later()), sys.gettrace())
if __name__ == "__main__":
    main()
'''


FUTURES = '''\
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait

def done(pool):
    future = pool.submit(int)
    while future._state != "FINISHED":
        time.sleep(0.01)
    return future

def found(pool):
    done(pool).result()

def failed(pool):
    future = done_with(pool, "x")
    try:
        future.result()
    except ValueError:
        pass

def done_with(pool, text):
    future = pool.submit(int, text)
    while future._state != "FINISHED":
        time.sleep(0.01)
    return future

def all_of_them(pool):
    wait([done(pool), done(pool)])

def mapped(pool):
    results = pool.map(int, "12")
    time.sleep(0.2)
    assert list(results) == [1, 2]

def looked(pool):
    future = done(pool)
    if future.done():
        future.result()

def asked(pool):
    future = done(pool)
    if not future.running():
        future.exception()

def limited(pool):
    future = done(pool)
    future.result(timeout=9)
    future.result()

def called_back(pool):
    done(pool).add_done_callback(lambda future: future.result())

def called_back_later(pool):
    future = pool.submit(time.sleep, 0.2)
    future.add_done_callback(lambda future: future.result())
    time.sleep(0.4)
    future.result()

def first(pool):
    for future in wait([done(pool), pool.submit(time.sleep, 0.2)], return_when=FIRST_COMPLETED).done:
        future.result()

def in_time(pool):
    for future in wait([done(pool)], timeout=1).done:
        future.result()

def next_one(pool):
    next(as_completed([done(pool)])).result()

def cancelled(pool):
    address = id(done(pool))
    futures = [pool.submit(time.sleep, 0.1) for _ in range(9)]
    futures[-1].cancel()
    try:
        futures[-1].result()
    except BaseException:
        pass
'''
# how often a future was found done by who would have waited for it for as long as it takes
FOUND = {"found": 1, "failed": 1, "all_of_them": 2, "mapped": 2, "looked": 0, "asked": 0, "limited": 0, "called_back": 0,
         "called_back_later": 0, "first": 0, "in_time": 0, "next_one": 0, "cancelled": 0}


def check_futures(version):
    python = interpreter(version)
    with open(os.path.join(t.tmp(), "futures.py"), "w") as f:
        f.write(FUTURES)
    path = os.path.join(t.tmp(), "main.py")
    with open(path, "w") as f:
        f.write("import futures\npool = futures.ThreadPoolExecutor(2)\n" + "".join("futures.%s(pool)\n" % name for name in FOUND))
    r = run(python, path, XFERDB_CALL="\n".join("py:futures:" + name for name in FOUND))
    t.equal(r.status, 0, r)
    for name, number in FOUND.items():
        begin = r.one("call_enter", label="futures:" + name)
        end = r.one("call_return", call=begin.fields["call"])
        here = [e for e in r.all("event_woken") if e.thread == begin.thread and begin.ticks < e.ticks < end.ticks]
        t.equal((name, len(here)), (name, number))
        for woken in here:
            kept = [e for e in r.all("event_set") if e.object == woken.object]
            t.equal([e.thread != woken.thread and e.ticks < woken.ticks for e in kept], [True])


ALARMS = '''\
import signal

def late(number, frame):
    pass

signal.alarm(30)
signal.signal(signal.SIGALRM, late)
signal.signal(signal.SIGUSR1, late)
signal.alarm(0)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
signal.setitimer(signal.ITIMER_REAL, 20, 5)
'''


def test_a_timer_is_told_anew_when_its_signal_is_handled():
    """Deadly is what nobody handles, or may take from where it is kept back."""
    path = os.path.join(t.tmp(), "main.py")
    with open(path, "w") as f:
        f.write(ALARMS)
    r = run(interpreter("3.8"), path)
    t.equal(r.status, 0, r)
    said = [(e.fields["why"], round(int(e.fields["due_ns"]) / 1e9), e.fields["deadly"] == "1") for e in r.all("timer")]
    t.equal(said, [("alarm", 30, True), ("sigaction", 30, False), ("alarm", 0, False), ("setitimer", 20, False)])


STRANGERS = '''\
import asyncio, threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

class Like:
    """What wait() looks at, and no more."""
    __slots__ = ("_condition", "_state", "_waiters")

    def __init__(self):
        self._condition, self._state, self._waiters = threading.Condition(), "FINISHED", []

class Closed(Future):
    """It takes no attribute of others."""
    def __setattr__(self, name, value):
        if name.startswith("_xferdb"):
            raise AttributeError(name)
        object.__setattr__(self, name, value)

closed = Closed()
closed.set_result(1)
print(len(wait([Like(), closed]).done), closed.done(), closed.result())
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
with ThreadPoolExecutor(1) as pool:
    pool.submit(int)
'''


def check_strangers(version):
    """What is like a future goes on as without us; a loop that ends one takes no job, the executor's thread does."""
    path = os.path.join(t.tmp(), "main.py")
    with open(path, "w") as f:
        f.write(STRANGERS)
    r = run(interpreter(version), path)
    t.equal((r.status, r.out), (0, "2 True 1\n"), r)
    t.equal(len(r.all("queue_get")), 1)


def test_strangers_to_futures_3_8():
    check_strangers("3.8")


def test_strangers_to_futures_3_13():
    check_strangers("3.13")


QUEUES = '''\
import queue, threading
work = queue.PriorityQueue()

def worker():
    while True:
        work.get()
        work.task_done()

for _ in range(2):
    threading.Thread(target=worker, daemon=True).start()
for n in range(6):
    work.put(n)
work.join()
try:
    work.task_done()
except ValueError:
    pass
work.join()
'''


def check_queues(version):
    """Every task_done() of the workers leads to the join(), each once, and one too many to nothing."""
    path = os.path.join(t.tmp(), "main.py")
    with open(path, "w") as f:
        f.write(QUEUES)
    r = run(interpreter(version), path)
    t.equal(r.status, 0, r)
    puts, gets = r.all("queue_put"), r.all("queue_get")
    t.equal(len({e.fields["item"] for e in puts}), 6)
    t.equal(sorted(e.fields["item"] for e in puts), sorted(e.fields["item"] for e in gets))
    t.true(max(e.ticks for e in puts) < min(e.ticks for e in gets) and {e.thread for e in puts} & {e.thread for e in gets} == set())


def test_queues_that_are_joined_3_8():
    check_queues("3.8")


def test_queues_that_are_joined_3_13():
    check_queues("3.13")


def test_futures_found_done_3_8():
    check_futures("3.8")


def test_futures_found_done_3_11():
    check_futures("3.11")


def test_futures_found_done_3_13():
    check_futures("3.13")


def test_functions_of_the_script_itself():
    path = os.path.join(t.tmp(), "own.py")
    with open(path, "w") as f:
        f.write(OWN)
    calls = ["py:__main__:region", "py:own:Store.put", "py:__main__:Store.made", "py:own:later", "py:__main__:regoin",
             "py:__main__:Store.get"]
    found = 0
    for version in VERSIONS:
        try:
            python = interpreter(version)
        except t.Skip:
            continue
        found += 1
        r = run(python, path, XFERDB_CALL="\n".join(calls))
        t.equal((r.status, r.out), (0, "2 None\n"), r)
        t.equal({e.fields["label"] for e in r.all("call_enter")},
                {"__main__:region", "own:Store.put", "__main__:Store.made", "own:later"}, version)
        missing = [e.fields["value"] for e in r.all("property", key="call-missing")]
        t.equal(missing, ["__main__ has no regoin; near to it: region", "__main__ has no Store.get; near to it: Store"])
    if not found:
        t.skip("no python3")


# What runs code of its own in the script's names before its functions are there; names that come by other ways; one that never comes.
MAZE = '''\
import dataclasses, sys
from helper import *
exec("answer = 42")

@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

def late():
    return helped() + sys.late
sys.late = answer
print(late(), Point(1).y)
sys.missing = lambda: 0
print(sys.missing())
'''


def test_functions_of_a_script_that_runs_other_code_first():
    with open(os.path.join(t.tmp(), "helper.py"), "w") as f:
        f.write("def helped():\n    return 1\n")
    path = os.path.join(t.tmp(), "maze.py")
    with open(path, "w") as f:
        f.write(MAZE)
    found = 0
    for version in VERSIONS:
        try:
            python = interpreter(version)
        except t.Skip:
            continue
        found += 1
        r = run(python, path, XFERDB_CALL="py:__main__:late\npy:maze:helped\npy:__main__:missing\npy:__main__:lite")
        t.equal((r.status, r.out), (0, "43 0\n0\n"), r)
        t.equal([e.fields["label"] for e in r.all("call_enter")], ["__main__:late", "maze:helped"], version)
        missing = [e.fields["value"] for e in r.all("property", key="call-missing")]
        t.equal(sorted(missing), ["__main__ has no lite; near to it: late", "__main__ has no missing"], version)
    if not found:
        t.skip("no python3")


def test_a_trace_function_that_fails_is_not_the_programs_trouble():
    path = os.path.join(t.tmp(), "own.py")
    with open(path, "w") as f:
        f.write("def region():\n    return 1\nprint(region())\n")
    with open(os.path.join(t.tmp(), "difflib.py"), "w") as f:
        f.write("raise RuntimeError('mine')\n")
    r = run(sys.executable, path, XFERDB_CALL="py:__main__:nowhere\npy:__main__:region")
    t.equal((r.status, r.out), (0, "1\n"), r)
    t.equal([e.fields["label"] for e in r.all("call_enter")], ["__main__:region"], r)
    t.equal([e.fields["value"] for e in r.all("property", key="call-missing")], ["__main__ has no nowhere"])


def test_a_script_that_runs_as_a_module():
    with open(os.path.join(t.tmp(), "own.py"), "w") as f:
        f.write(OWN)
    os.chdir(t.tmp())
    r = run(sys.executable, "-m", "own", XFERDB_CALL="py:own:region")
    t.equal({e.fields["label"] for e in r.all("call_enter")}, {"own:region"}, r)


# As pytest does: a finder before all others, that loads every module of tests by itself.
HOOK = """
import importlib.machinery, importlib.util, sys

class AssertionRewritingHook(object):
    def find_spec(self, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name.startswith("test_") else None
        return spec and importlib.util.spec_from_file_location(name, spec.origin, loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        with open(module.__spec__.origin) as f:
            exec(compile(f.read(), module.__spec__.origin, "exec"), module.__dict__)
"""


def test_functions_of_tests_that_pytest_loads():
    folder = os.path.join(t.tmp(), "_pytest", "assertion")
    os.makedirs(folder)
    for name, text in (("_pytest/assertion/rewrite.py", HOOK), ("test_other.py", ""), ("test_own.py", "import test_other\n" + OWN),
                       ("runs.py", "import sys, _pytest.assertion.rewrite as r\nsys.meta_path.insert(0, r.AssertionRewritingHook())\n"
                        "import test_own\ntest_own.region()\n")):
        with open(os.path.join(t.tmp(), name), "w") as f:
            f.write(text)
    os.chdir(t.tmp())
    r = run(sys.executable, "-m", "runs", "test_own.py", XFERDB_CALL="py:test_own:region\npy:test_other:none")
    t.equal({e.fields["label"] for e in r.all("call_enter")}, {"test_own:region"}, r)
    t.equal([e.fields["value"] for e in r.all("property", key="call-missing")], ["test_other has no none"], r)


def test_the_shadowed_sitecustomize_runs_and_sees_a_clean_path():
    folder = os.path.join(t.tmp(), "own")
    os.mkdir(folder)
    with open(os.path.join(folder, "sitecustomize.py"), "w") as f:
        f.write("import sys\nsys.mine = [p for p in sys.path if 'xferdb-python' in p]\n")
    out = subprocess.check_output([sys.executable, "-c", "import sys; print(sys.mine)"],
                                  env=dict(os.environ, PYTHONPATH=SHIM + ":" + folder, XFERDB_TRACE="/nowhere"))
    t.equal(out, b"[]\n")


def test_a_sitecustomize_that_fails_fails_as_it_would():
    folder = os.path.join(t.tmp(), "own")
    os.mkdir(folder)
    with open(os.path.join(folder, "sitecustomize.py"), "w") as f:
        f.write("import does_not_exist\n")
    env = dict(os.environ, PYTHONPATH=SHIM + ":" + folder, XFERDB_TRACE="/nowhere")
    done = subprocess.run([sys.executable, "-c", "print(1)"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t.equal(done.stdout, b"1\n")
    t.true(b"does_not_exist" in done.stderr, done.stderr)


def test_without_a_probe_the_marks_go_nowhere():
    path = program()
    env = dict(os.environ, PYTHONPATH=SHIM, XFERDB_CALL=CALLS)
    done = subprocess.run([sys.executable, path], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t.equal((done.returncode, done.stderr), (0, b""))


UPLOAD = '''\
import boto3, io, sys
kwargs = dict(endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3],
              region_name="us-east-1", verify=sys.argv[4] if len(sys.argv) > 4 else None)
s3 = boto3.client("s3", **kwargs)
s3.upload_fileobj(io.BytesIO(b"x" * (20 << 20)), "bucket", "key")
'''


def boto3_python():
    for python in ("/usr/bin/python3", sys.executable, shutil.which("python3")):
        if python and subprocess.call([python, "-c", "import boto3"], stderr=subprocess.DEVNULL) == 0:
            return python
    t.skip("no python3 with boto3")


def check_boto3(*serve):
    python = boto3_python()
    path = os.path.join(t.tmp(), "upload.py")
    with open(path, "w") as f:
        f.write(UPLOAD)
    with t.Serve("--auto-bucket", *serve) as server:
        values = server.values
        more = [values["CA_FILE"]] if "CA_FILE" in values else []
        r = run(python, path, values["ENDPOINT_URL"], values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"],
                *more, HOME=t.tmp(), AWS_EC2_METADATA_DISABLED="true")
        secret = values["AWS_SECRET_ACCESS_KEY"]
    t.equal(r.status, 0, r)
    call = r.one("call_enter", label="boto3.s3.inject:upload_fileobj")
    left = r.one("call_return", call=call.fields["call"])
    t.equal(sorted(int(e.fields["part"]) for e in r.all("part_done")), [1, 2, 3])
    t.equal(len(r.all("multipart_create", http_status=200)), 1)
    complete = r.one("multipart_complete", http_status=200)
    t.true(call.ticks < complete.ticks < left.ticks)
    # parts are sent by workers, never by the caller
    t.true(all(e.thread != call.thread for e in r.all("part_start")))
    names = [e.fields["label"] for e in r.all("thread_name")]
    t.true(any("ThreadPoolExecutor" in name for name in names), names)
    places = [e.fields["function"] for e in r.all("site") if int(e.fields["id"]) >= 65536]
    t.true(any(re.search(r"(TransferCoordinator\.)?result", place) for place in places), places)
    # what must never be recorded
    text = repr([e.fields for e in r.events])
    t.true(secret not in text and "Signature" not in text and "AWS4-HMAC" not in text)
    t.equal(r.totals["incomplete"], "0")


def test_boto3_over_http():
    check_boto3()


def test_boto3_over_tls():
    check_boto3("--tls")


def test_boto3_held_at_the_gate_returns_later():
    python = boto3_python()
    path = os.path.join(t.tmp(), "upload.py")
    with open(path, "w") as f:
        f.write(UPLOAD)
    with t.Serve("--auto-bucket") as server:
        v = server.values
        r = run(python, path, v["ENDPOINT_URL"], v["AWS_ACCESS_KEY_ID"], v["AWS_SECRET_ACCESS_KEY"],
                options=("-H", "UploadPart:2:1500"), HOME=t.tmp(), AWS_EC2_METADATA_DISABLED="true")
    t.equal(r.status, 0, r)
    held, released = r.one("held", part=2), r.one("released", part=2)
    t.true(int(released.fields["held_ns"]) >= 1500 * 10**6)
    t.equal(held.thread, r.one("part_done", part=2).thread)
    left = [e for e in r.all("call_return") if e.ticks > released.ticks]
    t.equal(len(left), 2, r.all("call_return"))  # upload_fileobj, then exit


def ablated(*names):
    """Part 2 held for a second with these waits made no-ops: did the upload call still wait, is the object there?"""
    path = os.path.join(t.tmp(), "upload.py")
    with open(path, "w") as f:
        f.write(UPLOAD)
    with t.Serve("--auto-bucket") as server:
        v = server.values
        r = run(boto3_python(), path, v["ENDPOINT_URL"], v["AWS_ACCESS_KEY_ID"], v["AWS_SECRET_ACCESS_KEY"],
                options=("-H", "UploadPart:2:1000"), HOME=t.tmp(), AWS_EC2_METADATA_DISABLED="true",
                XFERDB_ABLATE=",".join(names))
    t.equal(r.status, 0, r)
    call = r.one("call_enter", label="boto3.s3.inject:upload_fileobj")
    left = r.one("call_return", call=call.fields["call"])
    complete = r.all("multipart_complete", http_status=200)
    return bool(complete) and left.ticks > complete[0].ticks, bool(complete)


def test_each_barrier_of_boto3_is_enough_by_itself():
    t.equal(ablated("result"), (True, True))
    t.equal(ablated("exit"), (True, True))


def test_without_both_barriers_nothing_waits_and_the_object_is_lost():
    t.equal(ablated("result", "exit"), (False, False))


TIMERS = """
import os, select
inner, outer = os.pipe()
os.write(outer, b"x")
loop = select.epoll()
loop.register(inner, select.EPOLLIN)
for limit in [5] * 1000 + [60] * 1000 + [None] * 1000 + [0] * 1000:
    loop.poll(limit)
"""


def test_an_epoll_that_finds_something_at_once_is_recorded_when_its_timer_is_another():
    r = run("/usr/bin/python3", "-c", TIMERS)
    limits = [int(e.fields["limit_ns"]) for e in r.all("poll")]
    t.equal([n for i, n in enumerate(limits) if n != limits[i - 1] or not i], [5 * 10**9, 60 * 10**9, 0], limits)
    t.true(len(limits) < 1000, len(limits))


if __name__ == "__main__":
    t.main()
