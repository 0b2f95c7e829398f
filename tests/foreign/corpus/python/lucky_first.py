"""Of two futures the second was waited for, or whichever came first and then the second; the upload was over before it."""
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait

from uploads import PAUSE, client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
other = pool.submit(time.sleep, PAUSE)
both = [pool.submit(upload, s3), other]
if "any" in sys.argv:
    wait(both, return_when=FIRST_COMPLETED)
    other.result()
else:
    for future in as_completed(both):
        if future is other:
            break
print("end", flush=True)
