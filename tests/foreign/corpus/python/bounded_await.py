"""An event loop that waits for a thread's upload, for three seconds."""
import asyncio

from uploads import client, upload

s3 = client()


async def region():
    await asyncio.wait_for(asyncio.to_thread(upload, s3), 3)


loop = asyncio.new_event_loop()
print("begin", flush=True)
loop.run_until_complete(region())
print("end", flush=True)
