"""A coroutine that awaits the upload in the loop's executor, and goes on."""
import asyncio

from uploads import client, upload

s3 = client()


async def main():
    print("begin", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, upload, s3)
    print("end", flush=True)

asyncio.run(main())
