"""The script of the original question: a bucket's upload_fileobj."""
import boto3

from uploads import CONFIG, data

boto3.resource("s3", region_name="us-east-1").Bucket("bucket").upload_fileobj(data(), "key", Config=CONFIG)
