"""One PutObject: below the threshold."""
from uploads import client, data

client().upload_fileobj(data(1000), "bucket", "key")
