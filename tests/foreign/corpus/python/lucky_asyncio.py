"""A task that uploads in the loop's executor; the loop is woken by its end, but awaits a sleep."""
import asyncio

from uploads import PAUSE, client, upload

s3 = client()


async def main():
    print("begin", flush=True)
    task = asyncio.get_running_loop().run_in_executor(None, upload, s3)
    await asyncio.sleep(PAUSE)
    print("end", flush=True)
    await task

asyncio.run(main())
