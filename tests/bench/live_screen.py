"""What the screen costs while an upload runs: the CPU time of its thread, as a part of one core,
and pictures a second. Run alone: a figure depends on what else runs.

    python3 live_screen.py XFERDB [SECONDS]

The upload is slowed down to last so long, with eight threads at work; the terminal is a
pseudo-terminal of 200x50. At most 3 % of a core and 30 pictures a second are promised; exit status 1
when it is more.
"""
import fcntl
import glob
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time

QUIET = 0.004  # seconds without a byte: between two pictures


def cpu_ticks(pid, comm):
    """User and system time of the thread of that name, and of all threads."""
    own = whole = 0
    for path in glob.glob("/proc/%d/task/*/stat" % pid):
        try:
            head, rest = open(path).read().rsplit(")", 1)
        except OSError:
            continue
        ticks = sum(int(n) for n in rest.split()[11:13])
        whole += ticks
        own += ticks if head.endswith(comm) else 0
    return own, whole


def main():
    xferdb, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "file")
        rate = 40
        with open(path, "wb") as out:
            out.truncate(int(seconds * rate) << 20)
        pid, fd = pty.fork()
        if not pid:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", XDG_STATE_HOME=tmp)
            os.execv(xferdb, [xferdb, "put", "--tui", "--local", "--fault", "bandwidth=%dMB" % rate,
                              "-o", os.path.join(tmp, "t.xft"), path, "s3://bucket/key"])
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        begin, last, pictures, sent, seen = time.monotonic(), 0, 0, 0, (0, 0)
        while True:
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    data = os.read(fd, 1 << 16)
                except OSError:
                    break
                now = time.monotonic()
                pictures += now - last > QUIET
                last, sent = now, sent + len(data)
                if b"run over" in data:
                    break
            now = cpu_ticks(pid, "(xferdb-screen")
            seen = now if now[0] else seen
        took = time.monotonic() - begin
        os.write(fd, b"q")
        while select.select([fd], [], [], 5)[0]:
            try:
                if not os.read(fd, 1 << 16):
                    break
            except OSError:
                break
        os.waitpid(pid, 0)
    hz = os.sysconf("SC_CLK_TCK")
    part, rate = 100 * seen[0] / hz / took, pictures / took
    print("upload          %9.1f s    the process used %.2f s of CPU time" % (took, seen[1] / hz))
    print("screen thread   %9.2f %%  at most 3%s" % (part, "  TOO MUCH" if part > 3 else ""))
    print("pictures        %9.1f /s at most 30%s   %.1f KB a second" % (rate, "  TOO MUCH" if rate > 30 else "", sent / took / 1024))
    return 1 if part > 3 or rate > 30 else 0


if __name__ == "__main__":
    sys.exit(main())
