"""A future whose result is only asked for because a look has shown that it is done, as one or among several."""
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait

from uploads import PAUSE, client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
future = pool.submit(upload, s3)
time.sleep(PAUSE)
done = wait([future], timeout=0.01).done if "wait" in sys.argv else [future] * future.done()
for one in done:
    one.result()
print("end", flush=True)
