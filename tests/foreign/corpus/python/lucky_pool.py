"""A job of a pool that is forgotten, and another that is waited for: one thread hands on the results of both."""
import sys
import time
from multiprocessing.pool import Pool, ThreadPool

from uploads import PAUSE, client, upload


def work():
    upload(client())


if __name__ == "__main__":
    pool = (Pool if "processes" in sys.argv else ThreadPool)(2)
    print("begin", flush=True)
    pool.apply_async(work)
    pool.apply(time.sleep, (PAUSE,))
    print("end", flush=True)
    pool.close()
    pool.join()
