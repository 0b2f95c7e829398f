"""Sessions at the (xferdb) prompt, for the tests of it."""
import os
import re

import t

FIVE_PARTS = 33 * t.MiB


def upload_file(size=FIVE_PARTS):
    path = t.tmp("file")
    if not os.path.exists(path) or os.path.getsize(path) != size:
        t.make_file("file", size)
    return path


def debug(*commands, size=FIVE_PARTS, args=(), env=None, prompts=False, cwd=None, where=("--local",)):
    """A session on an upload, to an endpoint of its own unless told; the commands come from standard input."""
    batch = [] if prompts else ["--batch"]
    return t.xferdb("debug", "put", upload_file(size), "s3://bucket/key", *where, *batch, *args,
                    input=("\n".join(commands) + "\n").encode(), env=env, cwd=cwd, timeout=100)


def stops(text):
    """The lines that say at which event it stopped, without threads' numbers' accidents."""
    return re.findall(r"^(?:\(xferdb\) )?\[(\S+ .*)\]$", text, re.M)


def said(result):
    """What each command said, prompts on: the text between two of them."""
    return [piece.rstrip("\n") for piece in re.split(r"^\(+xferdb\)+ ", result.out, flags=re.M)[1:]]
