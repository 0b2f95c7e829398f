"""Two permits, one held for the upload, one by somebody else: which of them comes back first is an accident."""
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
permits = threading.Semaphore(2)
taken = threading.Barrier(3)


def go():
    with permits:
        taken.wait()
        upload(s3)


def other():
    with permits:
        taken.wait()
        time.sleep(PAUSE)


print("begin", flush=True)
threading.Thread(target=go, daemon=True).start()
threading.Thread(target=other, daemon=True).start()
taken.wait()
with permits:
    pass
print("end", flush=True)
