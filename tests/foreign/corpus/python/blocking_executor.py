"""An executor's future, waited for."""
from concurrent.futures import ThreadPoolExecutor

from uploads import client, upload

s3 = client()
with ThreadPoolExecutor(2) as pool:
    print("begin", flush=True)
    pool.submit(upload, s3).result()
    print("end", flush=True)
