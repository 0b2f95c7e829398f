"""A queue of two: handing over a part waits for room, and nobody waits for the last ones before the end."""
import queue
import threading

from uploads import MIB, client

s3 = client()
todo = queue.Queue(2)
done = []


def work():
    while (number := todo.get()) is not None:
        answer = s3.upload_part(Bucket="bucket", Key="key", UploadId=upload_id, PartNumber=number, Body=b"x" * (5 * MIB))
        done.append({"PartNumber": number, "ETag": answer["ETag"]})


worker = threading.Thread(target=work)
worker.start()
print("begin", flush=True)
upload_id = s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
for n in range(1, 7):
    todo.put(n)
print("end", flush=True)
todo.put(None)
worker.join()
s3.complete_multipart_upload(Bucket="bucket", Key="key", UploadId=upload_id, MultipartUpload={"Parts": done})
