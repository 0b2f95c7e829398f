"""The client's own put_object, without s3transfer."""
from uploads import client, data

client().put_object(Bucket="bucket", Key="key", Body=data(1 << 20))
