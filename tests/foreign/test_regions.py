"""trace: a region of a program, begun and ended by lines of its output: which work is judged in it, and as over when."""
import json
import os
import sys

import t

sys.path.insert(0, os.path.join(t.SOURCE, "tests", "export"))
import check_bundle    # noqa: E402

PYTHON = "/usr/bin/python3"
BEGIN = """
import http.client, os, threading, time
HOST = os.environ["AWS_ENDPOINT_URL"].split("//")[1]
BODY = b"x" * (5 << 20)

def ask(method, path, body=None, before_answer=lambda: None):
    c = http.client.HTTPConnection(HOST)
    c.request(method, path, body)
    before_answer()
    a = c.getresponse()
    return a.status, a.headers, a.read().decode()

def create():
    return ask("POST", "/bucket/key?uploads")[2].split("<UploadId>")[1].split("<")[0]

def part(upload, n, *more):
    return ask("PUT", "/bucket/key?partNumber=%d&uploadId=%s" % (n, upload), BODY, *more)[1]["ETag"]

def complete(upload, etags, before_answer=lambda: None):
    list = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % e for e in enumerate(etags, 1))
    ask("POST", "/bucket/key?uploadId=" + upload, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % list,
        before_answer)

def say(word):
    print(word, flush=True)

go_on = threading.Event()
"""


def judged(script, *options):
    path, out = t.tmp("program.py"), t.tmp("v.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write(BEGIN + script)
    r = t.xferdb("trace", "--local", "--json=" + out, "-o", t.tmp("run.xft"), *options, "--call", "out:begin:end", "--", PYTHON,
                 path)
    with open(out, encoding="utf-8") as f:
        (call,) = json.load(f)["calls"]
    t.equal(t.xferdb("verdict", t.tmp("run.xft"), "-q", "--bundle", t.tmp("bundle")).status, 0)
    with open(t.tmp("bundle"), "rb") as f:
        check_bundle.check(f.read())
    return call["verdict"], r


# ---- the server has the object before the one who uploads hears of it

OUTRUN = """
def put(before_answer):
    ask("PUT", "/bucket/key", BODY, before_answer)

def multipart(before_answer):
    upload = create()
    complete(upload, [part(upload, 1)], before_answer)

say("begin")
threading.Thread(target=%s, args=(go_on.wait,)).start()
while %s:
    time.sleep(0.05)
say("end")
go_on.set()
"""
HEAD = "ask('HEAD', '/bucket/key')[0] != 200"
GET = "ask('GET', '/bucket/key')[0] != 200"
LIST = "'<Key>' not in ask('GET', '/bucket?list-type=2')[2]"


def test_a_poll_of_the_server_that_outruns_the_answer_to_the_upload():
    for how in ("put", "multipart"):
        for poll in (HEAD, GET, LIST):
            v, r = judged(OUTRUN % (how, poll))
            t.equal((how, poll, v["answer"], v["outcome"]), (how, poll, "unproven", "stored"), r)
            t.match("the server was asked, and had the object before the return", v["reason"])


def test_a_poll_that_did_not_find_it_shows_nothing():
    v, r = judged(OUTRUN % ("multipart", "ask('HEAD', '/bucket/key')[0] != 404"))
    t.equal((v["answer"], v["outcome"]), ("does-not-block", "stored-later"), r)


def test_an_earlier_object_of_the_same_bytes_is_not_the_uploads():
    v, r = judged("""
upload = create()
complete(upload, [part(upload, 1)])

def again():
    upload = create()
    etags = [part(upload, 1)]
    go_on.wait()
    complete(upload, etags)

say("begin")
threading.Thread(target=again).start()
time.sleep(0.2)
ask("HEAD", "/bucket/key")
say("end")
go_on.set()
""")
    t.equal((v["answer"], v["outcome"]), ("does-not-block", "stored-later"), r)


def test_a_copy_is_there_though_none_of_its_bytes_were_seen():
    v, r = judged("""
ask("PUT", "/bucket/source", BODY)
upload = create()
say("begin")
c = http.client.HTTPConnection(HOST)
for path, size in ("/bucket/key2", ""), ("/bucket/key?partNumber=1&uploadId=" + upload, "bytes=0-5242879"):
    c.request("PUT", path, headers={"x-amz-copy-source": "/bucket/source", **({"x-amz-copy-source-range": size} if size else {})})
    answer = c.getresponse().read().decode()
complete(upload, [answer.split("<ETag>")[1].split("</ETag>")[0].replace("&quot;", '"')])
say("end")
""")
    t.equal((v["answer"], v["outcome"], v["visible"]), ("blocks", "stored", True), r)


# ---- a wait with a limit, that is made again and again

TURNS = """
def upload():
    go_on.wait(%s)
    ask("PUT", "/bucket/key", BODY)
    done.set()

done = threading.Event()
say("begin")
threading.Thread(target=upload).start()
%s
say("end")
"""


def test_a_limit_that_is_a_turn_of_a_loop_is_none_of_the_call():
    for delay, loop in ((0, "while True:\n    if done.wait(5):\n        break"), (0.3, "while not done.wait(0.05): pass"),
                        (0.3, "for turn in range(1000):\n    if done.wait(0.05): break")):
        v, r = judged(TURNS % (delay, loop))
        t.equal((v["answer"], v["basis"], v["limit"]), ("blocks", "happens-before", None), (loop, r))


def test_a_limit_in_no_loop_or_in_one_that_comes_to_an_end_is_one():
    for loop in "done.wait(5)", "for turn in range(3):\n    if done.wait(5): break":
        v, r = judged(TURNS % (0, loop))
        t.equal((v["answer"], v["limit"]), ("blocks-partly", {"kind": "time-out", "at_most_ms": 5000}), (loop, r))


# ---- children

SHELL = 'curl -sS -f -T program.py $AWS_ENDPOINT_URL/bucket/key'


def test_a_child_taken_in_passing_was_not_waited_for():
    t.need("curl")
    start = "import subprocess\nrun = lambda line: subprocess.run(line.replace('program.py', __file__), shell=True)\n"
    v, r = judged(start + "say('begin')\nrun('%s & sleep 2')\nsay('end')\n" % SHELL)
    t.equal((v["answer"], v["outcome"]), ("unproven", "stored"), r)
    v, r = judged(start + "say('begin')\nrun('%s; true')\nsay('end')\n" % SHELL)
    t.equal((v["answer"], v["outcome"]), ("blocks", "stored"), r)
    v, r = judged(start + """
say('begin')
child = subprocess.Popen(%r.replace('program.py', __file__), shell=True)
while child.poll() is None:
    time.sleep(0.02)
say('end')
""" % SHELL)
    t.equal((v["answer"], v["outcome"]), ("unproven", "stored"), r)


KILLED = """
import multiprocessing
sent = multiprocessing.Event()
say("begin")
child = multiprocessing.Process(target=ask, args=("PUT", "/bucket/key", BODY, sent.set))
child.start()
sent.wait()
%s
say("end")
%s
"""


def test_an_upload_whose_process_was_killed_is_over_when_that_was_waited_for():
    for end, after, answer, outcome in (("child.kill()\nchild.join()", "", "blocks-partly", "lost"),
                                        ("child.kill()\ntime.sleep(0.5)\nchild.is_alive()", "", "unproven", "lost"),
                                        ("", "child.kill()\nchild.join()", "does-not-block", "lost")):
        v, r = judged(KILLED % (end, after), "--fault=op=put,hold=20s")
        t.equal((end, v["answer"], v["outcome"]), (end, answer, outcome), r)
    t.need("curl")
    v, r = judged("import subprocess\nsay('begin')\nsubprocess.run('timeout 3 ' + %r.replace('program.py', __file__), shell=True)\n"
                  "say('end')\n" % SHELL, "--fault=op=put,hold=20s")
    t.equal((v["answer"], v["outcome"], v["limit"]), ("blocks-partly", "lost", {"kind": "time-out", "at_most_ms": None}), r)
    t.match("waits only so long: it waited until the process was killed, in the midst of its upload", r.err)
    t.match("let the process that uploads it come to its own end", r.err)


def test_an_upload_whose_process_crashed_is_over_and_was_waited_for():
    v, r = judged(KILLED.replace("sent.set", "lambda: sent.set() or os.abort()") % ("child.join()", ""), "--fault=op=put,hold=20s")
    t.equal((v["answer"], v["outcome"]), ("blocks", "lost"), r)
    t.match(r"\(0 stored, 1 failed, 0 skipped\), as its process was killed", r.err)


def test_an_upload_whose_process_ended_by_itself_in_its_midst_was_cut_off():
    v, r = judged(KILLED.replace("sent.set", "lambda: sent.set() or os._exit(0)") % ("child.join()", ""), "--fault=op=put,hold=20s")
    t.equal((v["answer"], v["outcome"]), ("does-not-block", "lost"), r)


# ---- children, waited for with a limit

LIMITED = """
import multiprocessing, subprocess
COMMAND = %r.replace("program.py", __file__)
def start(**how):
    return subprocess.Popen(COMMAND, shell=True, **how)

def ask_for(wait, *args, **how):
    try:
        return wait(*args, **how)
    except subprocess.TimeoutExpired:
        pass

child = multiprocessing.Process(target=ask, args=("PUT", "/bucket/key", BODY))
say("begin")
%%s
say("end")
%%s
""" % SHELL


def test_a_child_waited_for_with_a_limit():
    t.need("curl")
    for wait, limit in (("start().wait(timeout=60)", None),
                        ("subprocess.run(COMMAND, shell=True, check=True, timeout=60)", None),
                        ("subprocess.run(COMMAND, shell=True, capture_output=True, timeout=60)", 60000),
                        ("start(stdout=subprocess.PIPE).communicate(timeout=60)", 60000),
                        ("child.start()\nchild.join(60)", 60000),
                        ("child.start()\ntime.sleep(3)\nchild.join(60)", 60000)):
        v, r = judged(LIMITED % (wait, ""), "--fault=op=put,hold=1s")
        t.equal((wait, v["answer"], v["basis"], v["outcome"]), (wait, "blocks-partly", "happens-before", "stored"), r)
        at_most = v["limit"]["at_most_ms"]
        t.true(at_most is None if limit is None else limit - 2000 < at_most <= limit, (wait, v["limit"]))


def test_a_child_whose_limit_ran_out():
    t.need("curl")
    for wait in ("one = start()\nask_for(one.wait, timeout=0.3)", "one = start(stderr=subprocess.PIPE)\nask_for(one.communicate, timeout=0.3)",
                 "child.start()\nchild.join(0.3)"):
        v, r = judged(LIMITED % (wait, "one.wait()" if "one" in wait else ""), "--fault=op=put,hold=3s")
        t.equal((wait, v["answer"], v["basis"], v["outcome"]), (wait, "blocks-partly", "witness", "stored-later"), r)
        t.true(v["limit"]["at_most_ms"] >= 300, v["limit"])
    for wait, after in (("one = start()\nother = subprocess.Popen(['sleep', '9'])\nask_for(other.wait, timeout=0.3)", "other.kill()\none.wait()"),
                        ("one = start()\ntime.sleep(0.3)", "one.wait()")):
        v, r = judged(LIMITED % (wait, after), "--fault=op=put,hold=3s")
        t.equal((wait, v["answer"], v["outcome"]), (wait, "does-not-block", "stored-later"), r)


def test_a_child_that_is_killed_when_its_limit_ran_out():
    t.need("curl")
    for wait in ("ask_for(subprocess.run, COMMAND.split(' -T ')[0].split() + ['-T', __file__, os.environ['AWS_ENDPOINT_URL'] + '/bucket/key'], timeout=3)",
                 "child.start()\nchild.join(3)\nchild.kill()\nchild.join()"):
        v, r = judged(LIMITED % (wait, ""), "--fault=op=put,hold=20s")
        t.equal((wait, v["answer"], v["outcome"]), (wait, "blocks-partly", "lost"), r)
        t.match("and the process was killed in the midst of its upload", v["reason"])


def test_a_child_that_is_found_ended_was_not_waited_for_with_a_limit():
    t.need("curl")
    for wait in ("one = start()\ntime.sleep(4)\none.wait(timeout=0)", "one = start()\ntime.sleep(4)\none.poll()",
                 "one = start()\nsubprocess.Popen(['sleep', '4']).wait(timeout=60)\none.poll()",
                 "one = start()\nuntil = time.time() + 60\nwhile one.poll() is None and time.time() < until: time.sleep(0.05)"):
        v, r = judged(LIMITED % (wait, ""))
        t.equal((wait, v["answer"], v["outcome"]), (wait, "unproven", "stored"), r)


def test_a_limit_of_a_join_that_is_a_turn_of_a_loop_is_none_of_the_call():
    v, r = judged(LIMITED % ("child.start()\nwhile child.exitcode is None:\n    child.join(0.1)", ""), "--fault=op=put,hold=1s")
    t.true(v["answer"] in ("blocks", "unproven"), (v, r))


# ---- the workers of a pool

POOL = """
import concurrent.futures
def upload():
    ask("PUT", "/bucket/key", BODY)

pool = concurrent.futures.ThreadPoolExecutor(2)
say("begin")
forgotten = pool.submit(upload)
%s
say("end")
"""


def test_a_worker_that_was_given_something_else_shows_nothing_of_what_it_did_before():
    wait = "while not forgotten.done(): time.sleep(0.05)\ntime.sleep(0.2)\n"
    for after, answer in ((wait + "pool.submit(time.sleep, 0.1).result()", "unproven"), ("forgotten.result()", "blocks"),
                          (wait + "pool.submit(time.sleep, 0.1).result()\npool.shutdown()", "blocks")):
        v, r = judged(POOL % after)
        t.equal((after, v["answer"], v["outcome"]), (after, answer, "stored"), r)


# ---- an upload that is given up

def test_an_upload_given_up_after_the_region_was_not_waited_for():
    v, r = judged("""
def upload():
    name = create()
    go_on.set()
    done.wait()
    ask("DELETE", "/bucket/key?uploadId=" + name)

done = threading.Event()
say("begin")
threading.Thread(target=upload).start()
go_on.wait()
say("end")
done.set()
""")
    t.equal((v["answer"], v["basis"], v["outcome"]), ("does-not-block", "witness", "lost"), r)


def test_what_the_program_gives_up_itself_is_not_lost():
    v, r = judged("say('begin')\nname = create()\npart(name, 1)\nask('DELETE', '/bucket/key?uploadId=' + name)\nsay('end')\n")
    t.equal(v["outcome"], "failed", r)


# ---- whose output it is

def test_output_that_is_captured_of_a_child_does_not_end_a_region():
    for child in "capture_output=True", "stdout=subprocess.DEVNULL", "stdout=open(__file__ + '.log', 'w')":
        v, r = judged("import subprocess\nsay('begin')\nsubprocess.run(['echo', 'the end'], %s)\nask('PUT', '/bucket/key', BODY)\n"
                      "say('end')\n" % child)
        t.equal((child, v["answer"], v["outcome"]), (child, "blocks", "stored"), r)


# ---- a region that the program does not come to the end of

def test_a_program_that_fails_in_the_region_does_not_hang():
    v, r = judged("say('begin')\nask('PUT', '/No_Such..Bucket/key', BODY)\nraise SystemExit(3)\n")
    t.equal((r.status, v["answer"], v["outcome"]), (3, "not-returned", "failed"), r)
    t.match("CUT OFF: begin: the program ended with exit status 3 before the call returned; the upload failed", r.err)


def test_a_program_that_crashes_in_the_region_is_not_said_to_hang():
    v, r = judged("import signal\nsay('begin')\nask('PUT', '/bucket/key', BODY, lambda: os.kill(os.getpid(), signal.SIGSEGV))\n")
    t.equal(v["answer"], "not-returned", r)
    t.match("begin: its process ended by a fault of its own, signal 11, before the call returned", r.err)
    t.match("see why the process crashed", r.err)
    t.true("HANGS" not in r.err, r)


def test_a_program_that_is_killed_in_the_region_is_not_said_to_have_ended():
    v, r = judged("import signal\nsay('begin')\nask('PUT', '/bucket/key', BODY, lambda: os.kill(os.getpid(), signal.SIGKILL))\n",
                  "--fault=op=put,hold=3s")         # else it may be stored all the same
    t.equal(v["answer"], "not-returned", r)
    t.match("LOST: begin: the trace ends before the call returns: main waits for the answer", r.err)


# ---- the upload had begun before the region

CARRIED = """
upload = create()
etags = [part(upload, 1)]
say("begin")
worker = threading.Thread(target=lambda: etags.append(part(upload, 2)))
worker.start()
%s
say("end")
worker.join()
complete(upload, etags)
"""


def test_parts_of_an_upload_created_before_the_region():
    v, r = judged(CARRIED % "worker.join()")
    t.equal((v["answer"], v["basis"], v["parts"], v["outcome"]), ("blocks", "happens-before", 1, "stored-later"), r)
    t.match("returned only after 1 of 1 part; main waited", r.err)
    v, r = judged(CARRIED % "time.sleep(3)")
    t.equal((v["answer"], v["parts"]), ("unproven", 1), r)


def test_parts_of_an_upload_created_before_the_region_and_left_to_a_thread():
    v, r = judged("""
begun = threading.Event()
upload = create()
say("begin")
threading.Thread(target=part, args=(upload, 1, lambda: begun.set() or go_on.wait())).start()
begun.wait()
say("end")
go_on.set()
""")
    t.equal((v["answer"], v["parts"], v["parts_late"]), ("does-not-block", 1, 1), r)


def test_a_region_of_another_uploads_time_has_no_work():
    """What was begun before and goes on beside it is not the region's."""
    v, r = judged("""
upload = create()
turns = [threading.Event() for n in range(3)]
worker = threading.Thread(target=lambda: [turn.wait() and part(upload, 1 + n) for n, turn in enumerate(turns)])
worker.start()
turns[0].set()
say("begin")
time.sleep(0.5)
say("end")
turns[1].set()
turns[2].set()
worker.join()
""")
    t.equal(v["answer"], "unknown", r)
    t.match("no upload was seen in this call", v["reason"])


def test_what_the_wire_alone_shows_of_an_upload_created_before_the_region():
    v, r = judged(CARRIED % "worker.join()", "--no-probe")
    t.equal((v["answer"], v["parts"], v["outcome"]), ("unproven", 1, "stored-later"), r)


def test_what_is_got_later_is_no_work_of_the_upload():
    v, r = judged("""
say("begin")
upload = create()
complete(upload, [part(upload, 1)])
say("end")
ask("GET", "/bucket/key")
""")
    t.equal((v["answer"], v["basis"], v["outcome"]), ("blocks", "inline", "stored"), r)


# ---- what is uploaded by somebody who knows that the region is over

AGAIN = """
import queue

def put(key, body=BODY):
    ask("PUT", "/bucket/" + key, body)

jobs = queue.Queue()
def work():
    while True:
        put(*jobs.get())
        jobs.task_done()

say("begin")
%s
say("end")
%s
"""


def test_what_the_calling_thread_uploads_later_is_not_the_regions():
    v, r = judged(AGAIN % ("put('key')", "put('done', b'.')"))
    t.equal((v["answer"], v["basis"], v["parts"], v["visible"]), ("blocks", "inline", 1, True), r)


def test_what_is_given_later_to_a_worker_of_the_region_is_not_the_regions():
    v, r = judged(AGAIN % (
        "threading.Thread(target=work, daemon=True).start()\njobs.put(['key'])\njobs.join()",
        "jobs.put(['later'])\njobs.join()"))
    t.equal((v["answer"], v["basis"], v["parts"]), ("blocks", "happens-before", 1), r)


def test_a_task_that_is_forgotten_is_the_regions_also_behind_other_uploads():
    v, r = judged("""
import asyncio

async def task():
    ask("PUT", "/bucket/key", BODY)

async def main():
    say("begin")
    task_ = asyncio.create_task(task())
    say("end")
    await task_

ask("PUT", "/bucket/before", BODY)
asyncio.run(main())
""")
    t.equal((v["answer"], v["outcome"], v["parts"]), ("does-not-block", "stored-later", 1), r)
    t.match("nothing seen leads to it: it is the first upload after the call", v["reason"])


# ---- a worker that was there before, told what to do by nothing that is seen

UNSEEN = """
def work():
    for key in KEYS:
        while key not in told:
            time.sleep(0.02)
        ask("PUT", "/bucket/" + key, BODY)
        told.remove(key)

told = set()
worker = threading.Thread(target=work)
worker.start()
%s
say("begin")
told.add("key")
say("end")
worker.join()
"""


def test_an_upload_that_nothing_leads_to_is_the_regions_if_it_is_the_first():
    v, r = judged("KEYS = ['key']\n" + UNSEEN % "")
    t.equal((v["answer"], v["outcome"], v["basis"]), ("does-not-block", "stored-later", "witness"), (v, r))
    t.match("work items ended after the call had returned; nothing seen leads to it: it is the first upload after the call",
            v["reason"])


def test_an_upload_that_nothing_leads_to_is_nobodys_if_there_were_others():
    v, r = judged("KEYS = ['first', 'key']\n" + UNSEEN % "told.add('first')\nwhile told:\n    time.sleep(0.02)")
    t.equal((v["answer"], v["outcome"]), ("unknown", "unknown"), (v, r))


def test_one_that_hangs_up_behind_the_last_byte_did_not_wait():
    v, r = judged("""
say("begin")
c = http.client.HTTPConnection(HOST)
c.request("PUT", "/bucket/key", BODY)
c.close()
say("end")
time.sleep(1)
""")
    # the look behind the return may find it there already
    t.true((v["answer"], v["outcome"]) in (("does-not-block", "stored-later"), ("unproven", "unknown")), r)


# ---- an event loop that uploads by itself

LOOP = """
import asyncio

async def put():
    host, port = HOST.split(":")
    r, w = await asyncio.open_connection(host, port)
    w.write(b"PUT /bucket/key HTTP/1.1\\r\\nHost: %%s\\r\\nContent-Length: 9\\r\\nConnection: close\\r\\n\\r\\nsomething" %% HOST.encode())
    await r.read()

async def main():
    say("begin")
    await %s
    say("end")

asyncio.run(main())
"""


def test_what_a_loop_awaits_with_a_timer_to_come_is_not_proved():
    either = "asyncio.wait([asyncio.ensure_future(put()), asyncio.ensure_future(asyncio.sleep(9))], return_when='FIRST_COMPLETED')"
    for what, answer in (("put()", "blocks"), ("asyncio.wait_for(put(), 9)", "unproven"), (either, "unproven")):
        v, r = judged(LOOP % what)
        t.equal((what, v["answer"], v["outcome"]), (what, answer, "stored"), r)


if __name__ == "__main__":
    t.main()
