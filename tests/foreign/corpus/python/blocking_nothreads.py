"""use_threads=False: everything on the calling thread."""
from uploads import CONFIG, client, upload

CONFIG.use_threads = False
upload(client())
