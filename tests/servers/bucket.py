"""bucket.py ENDPOINT ACCESS SECRET BUCKET: makes the bucket as soon as the server is able to."""
import sys
import time

import t

endpoint, access, secret, bucket = sys.argv[1:]
end = time.monotonic() + 60
while True:
    try:
        answer = t.Client(endpoint, access, secret).put("/" + bucket)
        if answer.status in (200, 409):
            sys.exit(0)
    except OSError as why:
        answer = why
    if time.monotonic() > end:
        sys.exit("%s: %r" % (endpoint, answer))
    time.sleep(0.1)
