"""A daemon thread that uploads by itself (a pool would be joined at the end), cut off in the midst of it."""
import threading

from uploads import CONFIG, client, upload

s3 = client()
CONFIG.use_threads = False
begun = threading.Event()
s3.meta.events.register("after-call.s3.CreateMultipartUpload", lambda **answer: begun.set())
threading.Thread(target=upload, args=(s3,), daemon=True).start()
begun.wait()
