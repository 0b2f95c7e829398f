"""s3transfer's CRT manager by itself: crt_manager.py result|with|other|forget|exit."""
import sys
import time

from awscrt.auth import AwsCredentialsProvider
from botocore.session import Session
from s3transfer.crt import (BotocoreCRTRequestSerializer, CRTTransferManager, create_s3_crt_client)

from uploads import MIB, data

mode = sys.argv[1]
session = Session()
serializer = BotocoreCRTRequestSerializer(session, client_kwargs={"region_name": "us-east-1"})
crt = create_s3_crt_client(region="us-east-1", part_size=5 * MIB, use_ssl=False,
                           crt_credentials_provider=AwsCredentialsProvider.new_default_chain())
manager = CRTTransferManager(crt, serializer)
print("begin", flush=True)
if mode == "with":
    with manager:
        manager.upload(data(), "bucket", "key")
else:
    if mode == "other":
        manager.upload(data(MIB), "bucket", "forgotten")
    future = manager.upload(data(), "bucket", "key")
    if mode in ("result", "other"):
        future.result()
print("end", flush=True)
if mode == "exit":
    time.sleep(1)
if mode == "forget":
    time.sleep(3)
    future.result()
