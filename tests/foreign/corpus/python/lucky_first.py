"""Of two futures the second was waited for; the upload was over before it."""
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from uploads import PAUSE, client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
other = pool.submit(time.sleep, PAUSE)
for future in as_completed([pool.submit(upload, s3), other]):
    if future is other:
        break
print("end", flush=True)
