"""A thread that uploads; the region ends at once, the program waits a while."""
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()
print("begin", flush=True)
threading.Thread(target=upload, args=(s3,)).start()
print("end", flush=True)
time.sleep(PAUSE)
