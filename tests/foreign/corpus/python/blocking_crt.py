"""boto3's upload by the CRT client: threads and TLS of its own, in C."""
from boto3.s3.transfer import TransferConfig

from uploads import MIB, client, upload

upload(client(), config=TransferConfig(preferred_transfer_client="crt", multipart_threshold=5 * MIB,
                                       multipart_chunksize=5 * MIB))
