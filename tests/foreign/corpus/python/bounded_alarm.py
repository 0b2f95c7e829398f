"""A signal is to come after thirty seconds, and would end the upload."""
import signal

from uploads import client, upload

s3 = client()


def late(number, frame):
    raise TimeoutError


signal.signal(signal.SIGALRM, late)
print("begin", flush=True)
signal.alarm(30)
upload(s3)
signal.alarm(0)
print("end", flush=True)
