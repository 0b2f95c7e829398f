"""A queue of two tokens, one of them the worker's while it uploads: main takes the other."""
import queue
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
tokens = queue.Queue()
tokens.put("a")
tokens.put("b")


def go():
    token = tokens.get()
    upload(s3)
    tokens.put(token)


print("begin", flush=True)
threading.Thread(target=go, daemon=True).start()
time.sleep(PAUSE)
tokens.get()
print("end", flush=True)
