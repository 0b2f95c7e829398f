"""A future is waited for with a time limit, which runs out. The function on trial is the script's own."""
import concurrent.futures
import time

from uploads import client, upload

s3 = client()
executor = concurrent.futures.ThreadPoolExecutor(1)


def begin():
    try:
        executor.submit(upload, s3).result(timeout=0.3)
    except concurrent.futures.TimeoutError:
        pass


begin()
time.sleep(1)
