"""uploads: what the programs of the corpus share: a client, some bytes, marks for a reader."""
import io
import os
import signal

import boto3
from boto3.s3.transfer import TransferConfig

MIB = 1 << 20
SIZE = int(os.environ.get("T_SIZE", 20 * MIB))
PAUSE = float(os.environ.get("T_PAUSE", 3))
CONFIG = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


def client():
    return boto3.client("s3", region_name="us-east-1")


def data(size=SIZE):
    return io.BytesIO(b"x" * size)


def upload(s3, key="key", **more):
    s3.upload_fileobj(data(), "bucket", key, Config=more.pop("config", CONFIG), **more)


def die_later():
    """For programs that hang: they are killed, as people kill them."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(os.environ.get("T_DIES_AFTER", 5)))
