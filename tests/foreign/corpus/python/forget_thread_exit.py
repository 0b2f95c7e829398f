"""A thread that is joined by nobody: its pools are closed before it comes to them (CPython 3.9 and later)."""
import threading

from uploads import client, upload

threading.Thread(target=upload, args=(client(),)).start()
