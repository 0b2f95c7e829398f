"""The fault matrix over TLS, where bodies are framed, checksums are trailers and libcurl sends."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import t  # noqa: E402
import test_faults  # noqa: E402

test_faults.TLS = True


def test_put():
    test_faults.matrix("put")


def test_create():
    test_faults.matrix("create")


def test_part():
    test_faults.matrix("part")


def test_complete():
    test_faults.matrix("complete")


def test_abort():
    test_faults.matrix("abort")


def test_get():
    test_faults.matrix("get")


def test_range():
    test_faults.matrix("range")


if __name__ == "__main__":
    t.main()
