"""An event loop that goes on when another thread says so, which says nothing of the upload in its executor."""
import asyncio
import threading
import time

from uploads import PAUSE, client, upload

s3 = client()


async def main():
    loop = asyncio.get_running_loop()
    other = loop.create_future()
    print("begin", flush=True)
    loop.run_in_executor(None, upload, s3)
    threading.Thread(target=lambda: (time.sleep(PAUSE), loop.call_soon_threadsafe(other.set_result, None))).start()
    await other
    print("end", flush=True)

asyncio.run(main())
