"""xferdb attach: who waits for whom, without a trace of having looked."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import t
from test_probe_python import boto3_python, interpreter

HANG = '''\
import concurrent.futures, socket, sys, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)

def upload():
    c = socket.create_connection(listener.getsockname())
    c.sendall(b"PUT /b/k HTTP/1.1\\r\\n\\r\\n")
    c.settimeout(600)
    c.recv(100)

pool = concurrent.futures.ThreadPoolExecutor(2)
futures = [pool.submit(upload), pool.submit(time.sleep, 0)]

def wait_for_it():
    futures[0].result()

print("ready", flush=True)
wait_for_it()
'''
DEADLOCK = '''\
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;
void upload_part(pthread_mutex_t *x, pthread_mutex_t *y)
{
	pthread_mutex_lock(x);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(y);
	pthread_mutex_unlock(y);
}
static void *first(void *p) { upload_part(&a, &b); return p; }
static void *second(void *p) { upload_part(&b, &a); return p; }
int main(void)
{
	pthread_t t, u;
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&t, NULL, first, NULL);
	pthread_create(&u, NULL, second, NULL);
	puts("ready");
	fflush(stdout);
	pthread_join(t, NULL);
	return 0;
}
'''


class Program(object):
    """A program that says it is ready and then hangs; killed at the end."""

    def __init__(self, *argv, **options):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, **options)

    def __enter__(self):
        t.equal(self.process.stdout.readline(), b"ready\n")
        time.sleep(0.3)
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def look(self):
        r = t.xferdb("attach", str(self.process.pid), "--json")
        t.equal(r.status, 0, r)
        return json.loads(r.out)

    def alive(self):
        return self.process.poll() is None


def script(text):
    path = os.path.join(t.tmp(), "hang.py")
    with open(path, "w") as f:
        f.write(text)
    return path


def check_python(version):
    with Program(interpreter(version), script(HANG)) as p:
        a = p.look()
        t.equal(a["python"], version)
        t.equal(a["state"], "waits")
        main, worker = a["waiting_on"]
        threads = {thread["tid"]: thread for thread in a["threads"]}
        t.equal((threads[main]["wait"], threads[worker]["wait"]), ("signal", "answer"))
        t.equal(sorted(thread["wait"] for thread in a["threads"]), ["answer", "idle", "signal"])
        lines = [(f["file"].rsplit("/")[-1], f["line"]) for f in threads[main]["stack"]]
        t.true(("hang.py", 16) in lines and ("hang.py", 19) in lines, lines)
        t.true(("hang.py", 10) in [(f["file"].rsplit("/")[-1], f["line"]) for f in threads[worker]["stack"]])
        sent = [c for c in a["connections"] if c["fd"] == threads[worker]["fd"]][0]
        t.equal(sent["bytes_acked"], 21 + 1, sent)  # the kernel counts the SYN
        t.true(p.alive())


def test_python_3_8():
    check_python("3.8")


def test_python_3_9():
    check_python("3.9")


def test_python_3_10():
    check_python("3.10")


def test_python_3_11():
    check_python("3.11")


def test_python_3_12():
    check_python("3.12")


def test_python_3_13():
    check_python("3.13")


def test_a_deadlock_of_mutexes_is_a_ring():
    source, binary = os.path.join(t.tmp(), "d.c"), os.path.join(t.tmp(), "d")
    with open(source, "w") as f:
        f.write(DEADLOCK)
    subprocess.check_call([t.need("cc"), "-O1", "-g", "-o", binary, source, "-lpthread"])
    with Program(binary) as p:
        a = p.look()
        t.equal(a["state"], "deadlock")
        threads = {thread["tid"]: thread for thread in a["threads"]}
        chain = [threads[tid] for tid in a["waiting_on"]]
        t.equal([thread["wait"] for thread in chain], ["join", "mutex", "mutex"])
        t.equal((chain[1]["thread"], chain[2]["thread"]), (chain[2]["tid"], chain[1]["tid"]))
        t.true(any(f["function"] == "upload_part" for f in chain[1]["stack"]), chain[1]["stack"])
        t.match("DEADLOCK", a["sentence"])


def test_nobody_left_to_wake_it():
    with Program(sys.executable, script("import threading\nprint('ready', flush=True)\nthreading.Event().wait()\n")) as p:
        a = p.look()
        t.equal((a["state"], a["waiting_on"]), ("orphaned", [p.process.pid]))


def test_a_program_at_work_runs():
    with Program(sys.executable, script("print('ready', flush=True)\nwhile True: pass\n")) as p:
        t.equal(p.look()["state"], "runs")


def test_a_child_is_looked_at_as_well():
    with Program("sh", "-c", "echo ready; sleep 60; true") as p:
        r = t.xferdb("attach", str(p.process.pid))
        t.match(r"waits for child process", r.out)
        t.match(r"(?s)Its child:.*sleep", r.out)
        os.kill(int(open("/proc/%d/task/%d/children" % (p.process.pid, p.process.pid)).read().split()[0]), signal.SIGKILL)


def test_looking_interrupts_no_call():
    text = "import select, sys\ne = select.epoll()\nprint('ready', flush=True)\n" \
           "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n" \
           "buf = ctypes.create_string_buffer(64)\n" \
           "rc = libc.epoll_wait(e.fileno(), buf, 1, 1500)\nos._exit(0 if rc == 0 else 1)\n"
    with Program(sys.executable, script(text)) as p:
        for _ in range(5):
            p.look()
        t.equal(p.process.wait(timeout=10), 0)


UPLOAD = '''\
import boto3, io, os
print(os.getpid(), flush=True)
boto3.client("s3").upload_fileobj(io.BytesIO(b"x" * (20 << 20)), "bucket", "key")
'''


def test_a_traced_process_is_known_down_to_the_request():
    path = script(UPLOAD)
    traced = t.Process(os.environ["XFERDB"], "trace", "--local", "--fault", "part=2,hold=20s", "-o",
                       os.path.join(t.tmp(), "t.xft"), "--", boto3_python(), path)
    pid = int(traced.wait_line(r"^[0-9]+$").group(0))
    looks = []

    def part_2_alone_is_waited_for():
        """Open it may be before it is sent: then its thread is at work."""
        looks.append(json.loads(t.xferdb("attach", str(pid), "--json").out))
        opened = [(c["operation"], c["part"]) for c in looks[-1]["connections"] if c["operation"]]
        return opened == [("UploadPart", 2)] and "the answer to part 2" in looks[-1]["sentence"]

    t.wait_until(part_2_alone_is_waited_for, 18)
    a = looks[-1]
    t.match(r"main waits for ThreadPoolExecutor.* the answer to part 2 \(UploadPart\)", a["sentence"])
    t.equal([call["name"] for call in a["calls"]], ["boto3.s3.inject:upload_fileobj"])
    t.equal(traced.wait(), 0)


def test_a_stopped_process_and_a_zombie_are_called_so():
    child = subprocess.Popen(["sleep", "600"])
    try:
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        r = t.xferdb("attach", child.pid, "--json")
        t.equal(r.json["state"], "stopped", r)
        t.match("^STOPPED: ", t.xferdb("attach", child.pid).out)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        r = t.xferdb("attach", child.pid, "--json")
        t.equal((r.json["state"], r.json["not_seen"]), ("ended", []), r)
    finally:
        child.kill()
        child.wait()


def test_no_such_process():
    t.equal(t.xferdb("attach", "4194303").status, 2)
    t.equal(t.xferdb("attach", "none").status, 2)


# ---- hangs of every sort; a report comes at once, and is right

def sentence(p, pattern, seconds=30):
    """The report, once its sentence fits: a program is on its way to its hang for a moment."""
    looks = []

    def fits():
        looks.append(p.look())
        return re.search(pattern, looks[-1]["sentence"])
    try:
        t.wait_until(fits, seconds, every=0.2)
    except AssertionError:
        raise AssertionError("no %r in %r" % (pattern, looks[-1]["sentence"])) from None
    return looks[-1]


SPINS = """
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
static volatile int done;
__attribute__((noinline)) void ask_again_and_again(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (!done)
		poll(&p, 1, 0);
}
int main(void)
{
	int fds[2];
	if (pipe(fds)) return 1;
	puts("ready");
	fflush(stdout);
	ask_again_and_again(fds[0]);
	return 0;
}
"""


def test_a_loop_that_asks_again_and_again_is_said_to_spin_where_it_is():
    with Program(sys.executable, script("print('ready', flush=True)\ndef asks():\n    while True: pass\nasks()\n")) as p:
        a = sentence(p, r"^RUNS: main is at work \(in asks, .*hang\.py:3\); looked at for .* %.* of a processor, and no byte .*: "
                        "it spins, or computes")
        t.true(a["threads"][0]["busy_percent"] >= 80, a["threads"])
    source, binary = os.path.join(t.tmp(), "s.c"), os.path.join(t.tmp(), "s")
    with open(source, "w") as f:
        f.write(SPINS)
    subprocess.check_call([t.need("cc"), "-O1", "-g", "-o", binary, source])
    with Program(binary) as p:
        sentence(p, "it spins, or computes")
        if int(open("/proc/sys/kernel/perf_event_paranoid").read()) <= 2 or os.geteuid() == 0:
            sentence(p, "in ask_again_and_again, s")


def test_a_program_that_reads_while_it_works_is_not_said_to_spin():
    with Program(sys.executable, script("print('ready', flush=True)\nf = open('/dev/zero', 'rb')\nwhile True: f.read(65536)\n")) as p:
        a = p.look()
        t.equal(a["state"], "runs")
        t.true("spins" not in a["sentence"], a["sentence"])


CROSSWISE = """
import threading
a, b, ready = threading.Lock(), threading.Lock(), threading.Barrier(2)
def uploads():
    with b:
        ready.wait()
        with a: pass
threading.Thread(target=uploads).start()
with a:
    ready.wait()
    print('ready', flush=True)
    with b: pass
"""


def test_two_python_locks_crosswise_name_both_threads():
    with Program(sys.executable, script(CROSSWISE)) as p:
        a = sentence(p, r"^HANGS: main waits for somebody to wake it \(in .*hang\.py:12\); so does thread [0-9]+ \(in uploads, "
                        r".*hang\.py:7\); nobody in this process is left who could$")
        t.equal(a["state"], "orphaned")


def test_a_fifo_that_nobody_writes_to_is_named():
    path = t.tmp("fifo")
    os.mkfifo(path)
    with Program(sys.executable, script("print('ready', flush=True)\nopen(%r, 'rb').read()\n" % path)) as p:
        sentence(p, r"waits for %s to be opened \(in .*hang\.py:2\)" % path)
    with Program(sys.executable, script("import os\nf = os.open(%r, os.O_RDWR)\nprint('ready', flush=True)\nos.read(f, 9)\n" % path)) as p:
        sentence(p, r"waits for bytes of %s \(descriptor [0-9]+\)" % path)


class Deaf(object):
    """A server that accepts and then never reads, or reads and never answers; or one whose queue is full."""

    def __init__(self, reads=False, full=False):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0 if full else 9)
        self.address = self.listener.getsockname()
        self.kept = []
        if full:
            for _ in range(4):
                c = socket.socket()
                c.setblocking(False)
                c.connect_ex(self.address)
                self.kept.append(c)
        else:
            threading.Thread(target=self.serve, args=(reads,), daemon=True).start()

    def serve(self, reads):
        while True:
            c, _ = self.listener.accept()
            self.kept.append(c)
            while reads and c.recv(65536):
                pass


PUT = """
import http.client
c = http.client.HTTPConnection(%r, %d)
print('ready', flush=True)
c.request('PUT', '/b/k', body=b'x' * (20 << 20))
c.getresponse()
"""


def test_a_server_that_does_not_read_is_the_cause_for_as_long_as_it_does_not():
    with Program(sys.executable, script(PUT % Deaf().address)) as p:
        a = sentence(p, r"no byte since ([3-9]|[0-9]{2,})\.[0-9]s, [0-9]+ bytes wait to be taken: the server does not read")
        t.true(a["still_ms"] >= 3000, a["still_ms"])    # its window is probed all along, and that is no byte


def test_a_server_that_never_answers_is_the_cause():
    with Program(sys.executable, script(PUT % Deaf(reads=True).address)) as p:
        sentence(p, r"waits for the answer to what it sent from 127\.0\.0\.1:[0-9]+ .*; no byte since .*, all that was sent is "
                    "acknowledged: network or server, not a deadlock")


def test_a_connection_that_nobody_takes_has_been_asked_for_so_often():
    deaf = Deaf(full=True)
    text = "import socket\ns = socket.socket()\nprint('ready', flush=True)\ns.connect(%r)\n" % (deaf.address,)
    with Program(sys.executable, script(text)) as p:
        a = sentence(p, r"^(WAITS|HANGS [0-9.]+s): main waits for the connection to 127\.0\.0\.1:[0-9]+ .*; asked [2-9] times and "
                        "nobody answered: the network, or a server that takes no more")
        t.true(a["still_ms"] < 60000, a["still_ms"])    # not since the machine was started


def test_what_may_not_be_seen_is_named():
    if os.geteuid() != 0:
        t.skip("needs root, to be somebody else")
    with Program(sys.executable, script("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")) as p:
        binary = os.environ["XFERDB"]
        try:
            done = subprocess.run([binary, "attach", str(p.process.pid), "--json"], user="nobody", group="nogroup",
                                  extra_groups=[], stdout=subprocess.PIPE)
        except PermissionError:
            t.skip("the build cannot be reached by another user")
        a = json.loads(done.stdout)
        t.equal(a["state"], "unknown")
        t.true(any("ptrace" in text for text in a["not_seen"]), a["not_seen"])


if __name__ == "__main__":
    t.main()
