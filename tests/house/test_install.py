"""What is installed: all of it under the prefix, and working from there."""
import os
import re

import t


def installed():
    """Paths under a prefix, relative to it."""
    prefix = t.tmp("prefix")
    r = t.run(t.need("cmake"), "--install", t.BUILD, "--prefix", prefix)
    t.equal(r.status, 0, r)
    paths = re.findall(r"^-- (?:Installing|Up-to-date): (.*)$", r.out, re.M)
    t.equal([path for path in paths if not (path + "/").startswith(prefix + "/")], [])
    return prefix, {os.path.relpath(path, prefix) for path in paths if os.path.isfile(path)}


def test_the_program_runs_from_where_it_is_installed():
    prefix, files = installed()
    t.true("bin/xferdb" in files)
    r = t.run(os.path.join(prefix, "bin/xferdb"), "--version")
    t.equal(r.status, 0, r)
    t.match(r"^xferdb \d+\.\d+\.\d+$", r.out)


def test_what_needs_the_whole_program_finds_it_where_it_is_installed():
    prefix, files = installed()
    t.true("lib/xferdb/xferdb-full" in files, files)
    r = t.run(os.path.join(prefix, "bin/xferdb"), "put", "--local", "--quiet", t.make_file("f", 5), "s3://b/k", env=t.environment())
    t.equal(r.status, 0, r)
    os.unlink(os.path.join(prefix, "lib/xferdb/xferdb-full"))
    r = t.run(os.path.join(prefix, "bin/xferdb"), "put", t.make_file("f", 5), "s3://b/k", env=t.environment())
    t.equal((r.status, r.err), (3, "xferdb: xferdb-full is not installed: 'put' needs it\n"), r)


def test_the_front_is_linked_without_what_transfers_need():
    r = t.run(t.need("ldd"), t.XFERDB)
    t.equal(re.findall(r"lib(?:curl|microhttpd|ssl|crypto|sqlite3)\b", r.out), [], r)
    t.match(r"libcurl", t.run("ldd", t.XFERDB + "-full").out)


def test_man_pages_and_completion_are_installed_when_they_are_made():
    _, files = installed()
    made = os.path.join(t.BUILD, "man")
    if not os.path.exists(made):
        t.skip("no man pages were made")
    for page in os.listdir(made):
        if not page.startswith("."):
            t.true("share/man/man%s/%s" % (page[-1], page) in files, page)
    t.true("share/bash-completion/completions/xferdb" in files)


if __name__ == "__main__":
    t.main()
