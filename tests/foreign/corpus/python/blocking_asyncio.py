"""An event loop that awaits the upload in its executor."""
import asyncio

from uploads import client, upload

s3 = client()


async def main():
    await asyncio.get_running_loop().run_in_executor(None, upload, s3)

print("begin", flush=True)
asyncio.run(main())
print("end", flush=True)
