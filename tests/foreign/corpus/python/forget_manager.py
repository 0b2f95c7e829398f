"""A bare TransferManager: nobody asks for the result; the program stays long enough."""
import time

from s3transfer.manager import TransferManager

from uploads import PAUSE, client, data

manager = TransferManager(client())
manager.upload(data(), "bucket", "key")
time.sleep(PAUSE)
