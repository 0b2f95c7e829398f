"""Daemon threads that take their work from a queue, which is joined, as the documentation of queue.Queue has it."""
import queue
import threading

from uploads import client, upload

s3 = client()
work = queue.Queue()


def worker():
    while True:
        upload(s3, work.get())
        work.task_done()


for _ in range(2):
    threading.Thread(target=worker, daemon=True).start()
print("begin", flush=True)
for n in range(4):
    work.put("key%d" % n)
work.join()
print("end", flush=True)
