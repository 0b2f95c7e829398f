"""A thread that uploads; the region ends after a sleep that happens to be long enough."""
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
print("begin", flush=True)
threading.Thread(target=upload, args=(s3,)).start()
time.sleep(PAUSE)
print("end", flush=True)
