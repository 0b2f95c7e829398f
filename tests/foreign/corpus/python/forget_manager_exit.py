"""A bare TransferManager, and main ends at once: exit status 0, no object."""
from s3transfer.manager import TransferManager

from uploads import client, data

TransferManager(client()).upload(data(), "bucket", "key")
