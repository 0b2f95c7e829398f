"""A TransferManager left by its `with`: nobody asks for the result, and all the same it waits."""
from s3transfer.manager import TransferManager

from uploads import client, data

s3 = client()
print("begin", flush=True)
with TransferManager(s3) as manager:
    manager.upload(data(), "bucket", "key")
print("end", flush=True)
