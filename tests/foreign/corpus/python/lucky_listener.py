"""A log's listener had the uploader's message before it was told to end, and is joined."""
import logging
import queue
import threading
import time
from logging.handlers import QueueHandler, QueueListener

from uploads import PAUSE, client, upload

s3 = client()
records = queue.Queue()
log = logging.getLogger("upload")
log.addHandler(QueueHandler(records))
log.setLevel(logging.INFO)
listener = QueueListener(records, logging.NullHandler())


def work():
    upload(s3)
    log.info("uploaded")


print("begin", flush=True)
listener.start()
threading.Thread(target=work).start()
time.sleep(PAUSE)
listener.stop()
print("end", flush=True)
