"""A job that is forgotten, whose thread then gets one of those that are waited for: another would have got that."""
import time
from concurrent.futures import ThreadPoolExecutor

from uploads import PAUSE, client, upload

s3 = client()
pool = ThreadPoolExecutor(2)
print("begin", flush=True)
pool.submit(upload, s3)
for job in [pool.submit(time.sleep, PAUSE / 3) for _ in range(8)]:
    job.result()
print("end", flush=True)
