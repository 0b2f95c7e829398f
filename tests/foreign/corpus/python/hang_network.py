"""The answer to part 2 never comes (the endpoint keeps it): main waits for ever, until it is killed."""
from uploads import client, die_later, upload

die_later()
upload(client())
