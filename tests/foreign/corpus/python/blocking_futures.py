"""Several futures asked for one after the other, or all at once: some of them are done when their turn comes."""
import sys
from concurrent.futures import ThreadPoolExecutor, wait

from uploads import client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
futures = [pool.submit(upload, s3, "key%d" % n) for n in range(5)]
if "wait" in sys.argv:
    wait(futures)
else:
    for future in futures:
        future.result()
print("end", flush=True)
