"""An event loop that turns without ever lying down, until a time."""
import asyncio
import time

from uploads import PAUSE, client, upload

s3 = client()


async def main():
    print("begin", flush=True)
    asyncio.get_running_loop().run_in_executor(None, upload, s3)
    end = time.monotonic() + PAUSE
    while time.monotonic() < end:
        await asyncio.sleep(0)
    print("end", flush=True)

asyncio.run(main())
