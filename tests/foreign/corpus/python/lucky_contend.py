"""The region's end really blocks on a mutex of the worker's, which by then has uploaded and does something else."""
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
lock = threading.Lock()


def go():
    upload(s3)
    with lock:
        time.sleep(PAUSE)


print("begin", flush=True)
threading.Thread(target=go, daemon=True).start()
time.sleep(PAUSE * 0.8)
with lock:
    pass
print("end", flush=True)
