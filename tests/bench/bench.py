"""bench.py [NAME...]: what things cost. `./run bench` builds and runs it; names pick benchmarks.

Figures are compared, never judged: a benchmark does not fail because the machine was busy. Whole
programs are measured interleaved (a b c, a b c, …), so that a slow minute hits all of them, and
compared as the median of the ratios within each round, not as the ratio of two medians.

To add one: a function with a docstring's first line as title, decorated with @benchmark. Run
commands with compare(); a program that is not there is left out with a sentence.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tool"))
import t  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
SIZE = int(os.environ.get("BENCH_SIZE", str(t.GiB)))
benchmarks = {}


def benchmark(function):
    benchmarks[function.__name__] = function
    return function


class Sample:
    """One run: wall and cpu (user and system) in seconds, peak resident memory in KiB."""

    def __init__(self, command, env):
        with tempfile.TemporaryFile() as log:
            begin = time.monotonic()
            child = subprocess.Popen([str(a) for a in command], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.rss = 0
            watcher = threading.Thread(target=self._watch, args=(child.pid,))
            watcher.start()
            _, status, used = os.wait4(child.pid, 0)
            self.wall = time.monotonic() - begin
            self.cpu = used.ru_utime + used.ru_stime
            child.returncode = os.waitstatus_to_exitcode(status)
            watcher.join()
            if child.returncode:
                log.seek(0)
                raise RuntimeError("%s: status %d\n%s" % (
                    " ".join(map(str, command)), child.returncode, log.read()[-2000:].decode("utf-8", "replace")))

    def _watch(self, pid):
        """The kernel's own high-water mark, read now and then. ru_maxrss would count this interpreter,
        of which the child is a copy until it executes its program."""
        while True:
            try:
                with open("/proc/%d/status" % pid) as status:
                    peak = [line for line in status if line.startswith("VmHWM:")]
            except OSError:
                return
            if not peak:
                return          # over: a zombie has no memory
            self.rss = int(peak[0].split()[1])
            time.sleep(0.02)


def compare(subjects, env=None, rounds=ROUNDS, prepare=None):
    """Runs {label: command or function returning a command}, interleaved; prints a table with the
    ratios to the first. A first round that does not count warms caches."""
    env = env or t.environment()
    samples = {label: [] for label in subjects}
    for number in range(rounds + 1):
        for label, command in subjects.items():
            if prepare:
                prepare(label)
            sample = Sample(command() if callable(command) else command, env)
            if number:
                samples[label].append(sample)
    base = samples[next(iter(samples))]
    print("%-40s %9s %9s %9s %9s %9s" % ("", "wall s", "ratio", "cpu s", "ratio", "peak MiB"))
    for label, runs in samples.items():
        print("%-40s %9.3f %9.3f %9.3f %9.3f %9.1f" % (
            label, median(r.wall for r in runs), median(r.wall / b.wall for r, b in zip(runs, base)),
            median(r.cpu for r in runs), median(r.cpu / b.cpu for r, b in zip(runs, base)),
            median(r.rss for r in runs) / 1024))
    return samples


def median(values):
    return statistics.median(list(values))


@benchmark
def event():
    """one event, beside a time stamp and clock_gettime"""
    subprocess.run([os.path.join(t.BUILD, "tests/bench_event"), t.tmp()], check=True)


@benchmark
def checksum():
    """hashing and signing: GB/s of one thread, microseconds a request"""
    subprocess.run([os.path.join(t.BUILD, "tests/bench_checksum")], check=True)


@benchmark
def screen():
    """a trace of ten million events on the screen; then the screen beside an upload that runs"""
    big = os.path.join(t.tmp(), "big.xft")
    subprocess.run([os.path.join(t.BUILD, "tests/make_trace"), big, os.environ.get("BENCH_EVENTS", "10000000"), "10000"], check=True)
    shown = subprocess.run([os.path.join(t.BUILD, "tests/bench_screen"), big]).returncode
    os.unlink(big)
    live = os.path.join(os.path.dirname(os.path.abspath(__file__)), "live_screen.py")
    if subprocess.run([sys.executable, live, t.XFERDB]).returncode or shown:
        raise RuntimeError("more than is promised")


@benchmark
def traced():
    """an upload recorded, against the same one unrecorded"""
    with t.RealServer("sink") as server:
        source = t.make_file("source", SIZE)
        target = "s3://%s/traced" % server.bucket
        put = [t.XFERDB, "put", source, target, "--quiet"]
        compare({"xferdb put --no-trace": put + ["--no-trace"],
                 "xferdb put": put}, server.environment())


@benchmark
def clients():
    """an upload by us, curl and the AWS CLI to the same server"""
    with t.RealServer("sink") as server:
        source = t.make_file("source", SIZE)
        url, target = "%s/%s/" % (server.endpoint, server.bucket), "s3://%s/" % server.bucket
        subjects = {
            "xferdb put": [t.XFERDB, "put", source, target + "xferdb", "--quiet"],
            "xferdb put --no-sign-request": [t.XFERDB, "put", source, target + "unsigned", "--quiet",
                                             "--no-sign-request"]}
        for program, command in (
                ("curl", ["-sS", "-T", source, url + "curl"]),
                ("aws", ["s3", "cp", "--no-progress", "--endpoint-url", server.endpoint, source, target + "aws"]),
                ("rclone", ["copyto", source, ":s3,provider=Other,env_auth,endpoint='%s':%s/rclone" % (
                    server.endpoint, server.bucket)])):
            try:
                subjects[program] = [t.need(program), *command]
            except t.Skip as why:
                print("left out: %s" % why)
        compare(subjects, server.environment())


BOTO3 = ("import boto3, sys\nfrom botocore.config import Config\n"
         "c = boto3.client('s3', endpoint_url=sys.argv[1], config=Config(s3={'addressing_style': 'path'}))\n")
# s3transfer's own CRT manager: boto3's (preferred_transfer_client) asks for TLS whatever the endpoint is.
CRT = """
import botocore.session, sys
from botocore.config import Config
from s3transfer import crt
session = botocore.session.get_session()
requests = crt.BotocoreCRTRequestSerializer(session, {"endpoint_url": sys.argv[1], "region_name": "us-east-1",
                                                      "config": Config(s3={"addressing_style": "path"})})
keys = crt.BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
manager = crt.CRTTransferManager(crt.create_s3_crt_client("us-east-1", keys, use_ssl=False), requests)
class c:
    def upload_file(path, bucket, key):
        manager.upload(path, bucket, key).result()
    def download_file(bucket, key, path):
        manager.download(bucket, key, path).result()
"""
PYTHON = os.environ.get("BOTO3_PYTHON", "/usr/bin/python3")


def has_crt():
    return subprocess.run([PYTHON, "-c", "import awscrt, s3transfer.crt"], capture_output=True).returncode == 0


def peers(server, upload, files, key):
    """{label: command} of the programs that are there, for one transfer (or one folder of files)."""
    found, target = {}, "s3://%s/%s" % (server.bucket, key)
    many = os.path.isdir(files)
    one = "c.upload_file(%r, sys.argv[2], sys.argv[3])" if upload else "c.download_file(sys.argv[2], sys.argv[3], %r)"
    each = "import os\nfor n in os.listdir(%r): c.upload_file(os.path.join(%r, n), sys.argv[2], sys.argv[3] + n)"
    arguments = [server.endpoint, server.bucket, key]
    found["boto3"] = [PYTHON, "-c", BOTO3 + (each % (files, files) if many else one % files), *arguments]
    if has_crt():
        found["s3transfer (CRT)"] = [PYTHON, "-c", CRT + (each % (files, files) if many else one % files), *arguments]
    else:
        print("left out: the CRT client (BOTO3_PYTHON names a python with boto3[crt])")
    for program, command in (
            ("aws", ["s3", "cp", "--no-progress", "--endpoint-url", server.endpoint] + (["--recursive"] if many else []) +
             ([files, target] if upload else [target, files])),
            ("rclone", ["copyto" if not many else "copy", "--ignore-times"] + [files, ":s3,provider=Other,env_auth,endpoint='%s':%s/%s" % (
                server.endpoint, server.bucket, key)][::1 if upload else -1])):
        try:
            found[program] = [t.need(program), *command]
        except t.Skip as why:
            print("left out: %s" % why)
    return found


@benchmark
def uploads():
    """one file, by us in every way and by others, to a server that throws it away"""
    with t.RealServer("sink") as server:
        source, target = t.make_file("source", SIZE), "s3://%s/x" % server.bucket
        put = [t.XFERDB, "put", source, target, "--quiet"]
        subjects = {"xferdb put": put, "xferdb put --no-trace": put + ["--no-trace"],
                    "xferdb put --no-threads": put + ["--no-trace", "--no-threads"],
                    "xferdb put, unsigned": put + ["--no-trace", "--no-sign-request"],
                    "curl -T (unsigned)": [t.need("curl"), "-sS", "-T", source, "%s/%s/c" % (server.endpoint, server.bucket)]}
        compare({**subjects, **peers(server, True, source, "p")}, server.environment())


@benchmark
def downloads():
    """one object, by us and by others, from the embedded endpoint"""
    with t.Serve() as server:
        server.bucket = "bucket"
        source = t.make_file("source", SIZE)
        t.equal(server.xferdb("put", source, "s3://bucket/x", "--no-trace").status, 0)
        get = [t.XFERDB, "get", "s3://bucket/x", t.tmp("got"), "--quiet"]
        compare({"xferdb get": get, "xferdb get --no-trace": get + ["--no-trace"],
                 "xferdb get --no-threads": get + ["--no-trace", "--no-threads"],
                 **peers(server, False, t.tmp("other"), "x")}, server.environment())


@benchmark
def small():
    """200 files of 64 KiB, to the embedded endpoint (rclone asks for listings)"""
    with t.Serve() as server:
        server.bucket = "bucket"
        folder = t.tmp("small")
        os.mkdir(folder)
        files = [t.make_file(os.path.join(folder, "%03d" % n), 64 * t.KiB, seed=n + 1) for n in range(200)]
        put = [t.XFERDB, "put", *files, "s3://%s/small/" % server.bucket, "--quiet"]
        compare({"xferdb put": put, "xferdb put --no-trace": put + ["--no-trace"],
                 **peers(server, True, folder, "small/")}, server.environment())


@benchmark
def loopback():
    """the bare limit: a file through sendfile into a loopback socket that is read and forgotten"""
    import socket
    source, size = t.make_file("source", SIZE), SIZE
    program = ("import os, socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
               "f = os.open(sys.argv[2], os.O_RDONLY)\nat, size = 0, os.fstat(f).st_size\n"
               "while at < size: at += os.sendfile(s.fileno(), f, at, size - at)\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def read():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                block = bytearray(1 << 20)
                while connection.recv_into(block):
                    pass
                connection.close()
        threading.Thread(target=read, daemon=True).start()
        compare({"sendfile": [sys.executable, "-c", program, listener.getsockname()[1], source]}, rounds=min(ROUNDS, 5))


@benchmark
def memory():
    """peak memory of an upload from a file, by the file's size"""
    with t.RealServer("sink") as server:
        put = [t.XFERDB, "put", "--quiet"]
        compare({"%d MiB" % (size // t.MiB): put + [t.make_file("m%d" % size, size), "s3://%s/m" % server.bucket]
                 for size in (SIZE // 10, SIZE)}, server.environment(), rounds=min(ROUNDS, 3))


def main():
    unknown = set(sys.argv[1:]) - set(benchmarks)
    if unknown:
        sys.exit("no such benchmark: %s; there are %s" % (" ".join(sorted(unknown)), " ".join(benchmarks)))
    print("%d processors, %d rounds, files of %d MiB\n" % (os.cpu_count(), ROUNDS, SIZE // t.MiB))
    status = 0
    for name in sys.argv[1:] or benchmarks:
        print("== %s: %s" % (name, benchmarks[name].__doc__.splitlines()[0]), flush=True)
        try:
            benchmarks[name]()
        except t.Skip as why:
            print("skipped: %s" % why)
        except (RuntimeError, AssertionError, subprocess.CalledProcessError) as why:
            print("failed: %s" % why)
            status = 1
        finally:
            t._clean()
        print(flush=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
