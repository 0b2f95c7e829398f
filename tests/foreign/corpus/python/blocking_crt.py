"""boto3 that uploads by the CRT client."""
from boto3.s3.transfer import TransferConfig

from uploads import client, upload

upload(client(), config=TransferConfig(preferred_transfer_client="crt"))
