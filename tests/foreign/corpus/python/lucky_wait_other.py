"""The region waits for an event that has nothing to do with the upload."""
import threading

from uploads import PAUSE, client, upload

s3 = client()
other = threading.Event()
print("begin", flush=True)
threading.Thread(target=upload, args=(s3,), daemon=True).start()
threading.Timer(PAUSE, other.set).start()
other.wait()
print("end", flush=True)
