"""The worker needs a lock that main holds while it joins the worker."""
import threading

from uploads import client, die_later, upload

s3 = client()
lock = threading.Lock()


def go():
    upload(s3)
    with lock:
        pass


die_later()
print("begin", flush=True)
with lock:
    t = threading.Thread(target=go)
    t.start()
    t.join()
print("end", flush=True)
