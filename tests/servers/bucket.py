"""bucket.py ENDPOINT ACCESS SECRET BUCKET: makes the bucket; fails while the server is not able to."""
import sys

import t

endpoint, access, secret, bucket = sys.argv[1:]
try:
    answer = t.Client(endpoint, access, secret).put("/" + bucket)
except OSError as why:
    sys.exit("%s: %s" % (endpoint, why))
if answer.status not in (200, 409):
    sys.exit("%s: %r" % (endpoint, answer))
