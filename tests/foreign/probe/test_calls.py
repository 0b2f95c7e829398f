"""Calls of C and C++ functions on trial (sym:): seen whoever makes them, and nothing breaks."""
import os
import subprocess

import t
from events import run

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.cc")
OUT = "9\n3\n46\n10\n1\n"  # 1 + 2 + … + 8 + 10


def program(*flags):
    compiler = t.need("c++")
    path = os.path.join(t.tmp(), "calls")
    subprocess.check_call([compiler, "-fno-ipa-cp", "-fno-ipa-sra", *flags, "-o", path, SOURCE, "-lpthread"])
    return path


def calls(r):
    """(label, result, error) of every call, in the order entered; results None: never returned."""
    returns = {e.fields["call"]: (e.fields["result"], e.fields["error"]) for e in r.all("call_return")}
    return [(e.fields["label"],) + returns.get(e.fields["call"], (None, None)) for e in r.all("call_enter")]


def check(*flags):
    r = run(program(*flags), XFERDB_CALL="sym:Uploader::*\nsym:up_*")
    t.equal((r.status, r.out), (0, OUT), r)
    t.equal(r.all("property", key="symbol-not-watched"), [])
    seen = calls(r)
    t.equal([c[0] for c in seen].count("Uploader::put"), 4 + 6)
    t.equal([c for c in seen if c[0] == "Uploader::keeps_going"], [("Uploader::keeps_going", "3", "")])
    t.equal([c[2] for c in seen if c[0] == "Uploader::put"], [""] * 4 + ["exception"] * 6)
    t.equal([c for c in seen if c[0] == "up_many"], [("up_many", "46", "")])
    t.equal([c[2] for c in seen if c[0] == "up_jumps"], ["left by a jump"] * 4)
    t.equal([c[2] for c in seen if c[0] == "up_leaves"], ["thread ended"])


def test_optimised():
    check("-O2", "-rdynamic")


def test_not_optimised():
    check("-O0", "-rdynamic")


def test_with_indirect_branch_tracking():
    check("-O2", "-rdynamic", "-fcf-protection=full")


def test_not_position_independent():
    check("-O1", "-rdynamic", "-no-pie", "-fno-pie")


def test_private_functions_by_the_program_s_own_table():
    path = program("-O1")
    name = [line.split() for line in subprocess.check_output(["nm", path], text=True).splitlines()
            if "private_upload" in line][0]
    st = os.stat(path)
    line = "%x %x %s private_upload(int)\n" % (st.st_dev, st.st_ino, name[0])
    r = run(path, XFERDB_CALL="sym:private_upload", XFERDB_SYMBOLS=line)
    t.equal((r.status, r.out), (0, OUT), r)
    t.equal(calls(r), [("private_upload", "10", "")])
    # another program under the same name is not touched
    r = run(path, XFERDB_CALL="sym:private_upload", XFERDB_SYMBOLS=line.replace("%x %x" % (st.st_dev, st.st_ino), "1 2"))
    t.equal((r.status, r.out, calls(r)), (0, OUT, []), r)


def test_functions_of_libraries():
    r = run("sh", "-c", "true", XFERDB_CALL="sym:setlocale")
    t.equal(r.status, 0, r)
    t.true(all(c == ("setlocale", c[1], "") for c in calls(r)), calls(r))


def test_xferdb_finds_private_functions_and_names_near_ones():
    path = program("-O1")
    r = t.xferdb("trace", "--call", "sym:private_*", "-o", os.path.join(t.tmp(), "a.xft"), "--json", "--", path)
    t.equal([c["call"]["name"] for c in r.json["calls"]], ["private_upload"], r)
    r = t.xferdb("trace", "--call", "sym:Uploader::pot", "-o", os.path.join(t.tmp(), "b.xft"), "--", path)
    t.match(r"near to it: Uploader::put", r.err)


if __name__ == "__main__":
    t.main()
