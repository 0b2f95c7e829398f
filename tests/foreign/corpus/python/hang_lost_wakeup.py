"""The worker sets another event than the one main waits for."""
import threading

from uploads import client, die_later, upload

s3 = client()
done, finished = threading.Event(), threading.Event()


def go():
    upload(s3)
    finished.set()


die_later()
print("begin", flush=True)
threading.Thread(target=go).start()
done.wait()
print("end", flush=True)
