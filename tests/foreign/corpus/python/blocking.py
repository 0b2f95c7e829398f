"""The plain call."""
from uploads import client, upload

upload(client())
