"""A child process uploads and is waited for."""
import subprocess
import sys

print("begin", flush=True)
subprocess.run([sys.executable, sys.argv[0].replace("blocking_process", "blocking")], check=True)
print("end", flush=True)
