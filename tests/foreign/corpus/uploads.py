"""uploads: what the programs of the corpus share: a client, some bytes, marks for a reader."""
import io
import os

import boto3
from boto3.s3.transfer import TransferConfig

MIB = 1 << 20
SIZE = int(os.environ.get("T_SIZE", 20 * MIB))
CONFIG = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


def client():
    return boto3.client("s3", region_name="us-east-1")


def data(size=SIZE):
    return io.BytesIO(b"x" * size)


def upload(s3, key="key", **more):
    s3.upload_fileobj(data(), "bucket", key, Config=more.pop("config", CONFIG), **more)
