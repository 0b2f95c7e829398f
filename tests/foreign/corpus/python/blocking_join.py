"""A thread that uploads, and is joined."""
import threading

from uploads import client, upload

s3 = client()
t = threading.Thread(target=upload, args=(s3,))
print("begin", flush=True)
t.start()
t.join()
print("end", flush=True)
