"""A join with a time limit that is not reached."""
import threading

from uploads import client, upload

s3 = client()
t = threading.Thread(target=upload, args=(s3,))
print("begin", flush=True)
t.start()
t.join(20)
print("end", flush=True)
