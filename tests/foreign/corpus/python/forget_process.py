"""A child process uploads; nobody waits for it."""
import subprocess
import sys

subprocess.Popen([sys.executable, sys.argv[0].replace("forget_process", "blocking")])
