"""ports.py N: the first of N neighbouring ports of 127.0.0.1 that are free now, below the
ephemeral range, so that no outgoing connection takes one in between."""
import os
import random
import socket
import sys


def free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


count = int(sys.argv[1])
random.seed(os.getpid())
for _ in range(200):
    first = random.randrange(20000, 32000 - count)
    if all(free(port) for port in range(first, first + count)):
        print(first)
        sys.exit(0)
sys.exit("no %d neighbouring ports are free" % count)
