"""It waits for three seconds; the thread is joined only if that was enough."""
import threading

from uploads import client, upload

s3 = client()
done = threading.Event()


def work():
    upload(s3)
    done.set()


worker = threading.Thread(target=work)
print("begin", flush=True)
worker.start()
if done.wait(3):
    worker.join()
print("end", flush=True)
