"""A coroutine is given to another thread's event loop, and its result awaited here."""
import asyncio
import threading

from uploads import client, upload

s3 = client()
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


async def work():
    await loop.run_in_executor(None, upload, s3)

print("begin", flush=True)
asyncio.run_coroutine_threadsafe(work(), loop).result()
print("end", flush=True)
