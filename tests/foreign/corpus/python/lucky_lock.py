"""The same, and the region's end takes a mutex that the worker held."""
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
lock = threading.Lock()


def go():
    with lock:
        upload(s3)


print("begin", flush=True)
threading.Thread(target=go, daemon=True).start()
time.sleep(PAUSE)
with lock:
    pass
print("end", flush=True)
