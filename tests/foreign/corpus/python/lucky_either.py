"""An event that the uploader sets, or a timer; the uploader came first."""
import threading

from uploads import PAUSE, client, upload

s3 = client()
done = threading.Event()


def work():
    upload(s3)
    done.set()


print("begin", flush=True)
threading.Thread(target=work).start()
threading.Timer(PAUSE, done.set).start()
done.wait()
print("end", flush=True)
