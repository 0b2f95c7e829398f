"""A task that uploads; the region ends without awaiting it."""
import asyncio

from uploads import client, upload

s3 = client()


async def main():
    print("begin", flush=True)
    task = asyncio.get_running_loop().run_in_executor(None, upload, s3)
    await asyncio.sleep(0)
    print("end", flush=True)
    await task

asyncio.run(main())
