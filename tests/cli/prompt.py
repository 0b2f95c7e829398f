"""Sessions at the (xferdb) prompt, for the tests of it.

    PYTHONPATH=tests/tool python3 tests/cli/prompt.py      writes the sessions of README.md and docs/prompt.md anew
"""
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
    return [piece.rstrip("\n") for piece in re.split(r"(?:^|(?<=\) ))\(+xferdb\)+ ", result.out, flags=re.M)[1:]]


# ---- the sessions in the documents: between a marker and the end of its block, as the program printed them

DOCUMENTS = ("README.md", "docs/prompt.md")
SESSION = re.compile(r"(<!-- session -->\n```\n)(.*?)(\n```)", re.S)


def documented(name):
    """The commands of the session in a document, and the session."""
    with open(os.path.join(t.SOURCE, name)) as f:
        session = SESSION.search(f.read()).group(2)
    return re.findall(r"^\(xferdb\) (.*)$", session, re.M), session


def session_of(commands):
    """The same as it is now, with what was typed."""
    r = debug(*commands, size=26214400, prompts=True)
    t.equal(r.status, 0, r)
    pieces = re.split(r"^(\(xferdb\) )", r.out, flags=re.M)
    typed = iter(commands)
    return "".join(p + next(typed, "") + "\n" if p == "(xferdb) " else p for p in pieces).rstrip("\n")


def write_anew(name):
    commands, _ = documented(name)
    session = session_of(commands)
    with open(os.path.join(t.SOURCE, name)) as f:
        text = f.read()
    with open(os.path.join(t.SOURCE, name), "w") as f:
        f.write(SESSION.sub(lambda m: m.group(1) + session + m.group(3), text, count=1))


if __name__ == "__main__":
    for document in DOCUMENTS:
        write_anew(document)
