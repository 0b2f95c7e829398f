"""A signal is to come after thirty seconds, and would end the upload. late: its handler is installed behind that."""
import signal
import sys

from uploads import client, upload

s3 = client()


def late(number, frame):
    raise TimeoutError


if "late" not in sys.argv:
    signal.signal(signal.SIGALRM, late)
print("begin", flush=True)
signal.alarm(30)
signal.signal(signal.SIGALRM, late)
upload(s3)
signal.alarm(0)
print("end", flush=True)
