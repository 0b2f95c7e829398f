"""A job of a pool that is forgotten, and another that is waited for, which the same worker may have got."""
import time
from concurrent.futures import ThreadPoolExecutor

from uploads import PAUSE, client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
pool.submit(upload, s3)
time.sleep(PAUSE)
pool.submit(time.sleep, 0.2).result()
print("end", flush=True)
