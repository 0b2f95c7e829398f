"""A bucket that refuses: the endpoint answers 403 to every part."""
from botocore.config import Config
import boto3

from uploads import CONFIG, data

s3 = boto3.client("s3", region_name="us-east-1", config=Config(retries={"max_attempts": 0}))
try:
    s3.upload_fileobj(data(), "bucket", "key", Config=CONFIG)
except Exception as e:
    print("failed:", type(e).__name__)
