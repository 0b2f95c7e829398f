"""A bare TransferManager whose future is asked for its result."""
from s3transfer.manager import TransferManager

from uploads import client, data

manager = TransferManager(client())
print("begin", flush=True)
manager.upload(data(), "bucket", "key").result()
print("end", flush=True)
