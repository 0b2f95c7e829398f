"""The region takes messages until the one it waits for has come; the upload's came before, by luck."""
import queue
import threading

from uploads import PAUSE, client, upload

s3 = client()
messages = queue.Queue()


def work():
    upload(s3)
    messages.put("uploaded")


print("begin", flush=True)
threading.Thread(target=work, daemon=True).start()
threading.Timer(PAUSE, messages.put, ("other",)).start()
while messages.get() != "other":
    pass
print("end", flush=True)
