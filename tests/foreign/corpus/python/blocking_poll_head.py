"""A thread that uploads, and main asks the server until the object is there."""
import threading
import time

from botocore.exceptions import ClientError

from uploads import client, upload

s3 = client()
asker = client()


def there():
    try:
        asker.head_object(Bucket="bucket", Key="key")
    except ClientError:
        return False
    return True


print("begin", flush=True)
threading.Thread(target=upload, args=(s3,), daemon=True).start()
while not there():
    time.sleep(0.3)
print("end", flush=True)
