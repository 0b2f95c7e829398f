"""A daemon thread, cut off when main ends."""
import threading
import time

from uploads import client, upload

s3 = client()
threading.Thread(target=upload, args=(s3,), daemon=True).start()
time.sleep(0.15)
