"""The whole corpus, kit by kit: every program traced XF_CORPUS_ROUNDS times (20) and proved once. None falsely
`blocks`, and each as corpus/table.txt says. XF_CORPUS_ONLY=WORD takes the rows that contain it."""
import json
import os

import corpus
import t

ROUNDS = int(os.environ.get("XF_CORPUS_ROUNDS", "20"))
ONLY = os.environ.get("XF_CORPUS_ONLY", "")


def chosen(kit):
    rows = [row for row in corpus.rows(kit) if ONLY in repr(row)]
    if not rows:
        t.skip("no row of %s has %r" % (kit, ONLY))
    return rows


def ask(kit, how, rounds):
    make, wrong, asked = corpus.KITS[kit](), [], 0
    for row in chosen(kit):
        try:
            words = corpus.words_of(make, row)
        except t.Skip as why:
            print("skipped %r: %s" % (row, why), flush=True)
            continue
        bad = [w for w in (how(row, words) for _ in range(rounds)) if w]
        asked += rounds
        print("%-40r %d of %d" % (row, rounds - len(bad), rounds), *sorted({w[1:3] for w in bad}), flush=True)
        wrong += bad
    if not asked:
        t.skip("nothing of %s is there" % kit)
    t.equal(len(wrong), 0, wrong[:2])


def trace(kit):
    ask(kit, corpus.traced, ROUNDS)


def prove(kit):
    ask(kit, lambda row, words: corpus.proved(row, words) if row.proved != "-" else None, 1)


def test_python_traced():
    trace("python")


def test_python_proved():
    prove("python")


def test_pypi_traced():
    trace("pypi")


def test_pypi_proved():
    prove("pypi")


def test_crt_traced():
    trace("crt")


def test_crt_proved():
    prove("crt")


def test_c_traced():
    trace("c")


def test_c_proved():
    prove("c")


def test_go_static_traced():
    trace("go-static")


def test_go_static_proved():
    prove("go-static")


def test_go_dynamic_traced():
    trace("go-dynamic")


def test_go_dynamic_proved():
    prove("go-dynamic")


def test_go_sdk_traced():
    trace("go-sdk")


def test_go_sdk_proved():
    prove("go-sdk")


def test_java_traced():
    trace("java")


def test_java_proved():
    prove("java")


def test_java_sdk_traced():
    trace("java-sdk")


def test_java_sdk_proved():
    prove("java-sdk")


def test_node_traced():
    trace("node")


def test_node_proved():
    prove("node")


def test_rust_traced():
    trace("rust")


def test_rust_proved():
    prove("rust")


def test_tool_traced():
    trace("tool")


def test_tool_proved():
    prove("tool")


CI = """
import io, threading
import boto3
import pytest

@pytest.fixture
def s3():
    return boto3.client("s3", region_name="us-east-1")

@pytest.mark.parametrize("size", [10, 20 << 20])
def test_upload_of_a_stream(s3, size):
    s3.upload_fileobj(io.BytesIO(b"x" * size), "bucket", "k%d" % size)
    assert s3.head_object(Bucket="bucket", Key="k%d" % size)["ContentLength"] == size

def test_upload_of_a_file(s3, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"y" * (12 << 20))
    s3.upload_file(str(path), "bucket", "file")

def test_upload_put(s3):
    s3.put_object(Bucket="bucket", Key="p", Body=b"z")

def test_other():
    assert False, "not asked for"
"""
FORGOTTEN = """
class Slow(io.BytesIO):
    entered = threading.Event()

    def read(self, *size):
        self.entered.set()
        threading.Event().wait()

def test_upload_forgotten(s3):
    config = boto3.s3.transfer.TransferConfig(use_threads=False)
    threading.Thread(target=s3.upload_fileobj, args=(Slow(b"x"), "bucket", "late"), kwargs={"Config": config},
                     daemon=True).start()
    Slow.entered.wait()
"""


def pytest(text):
    """The example of the documents, in a folder of its own: its status, and its calls' answers."""
    bin = os.path.dirname(corpus.pypi())
    with open(t.tmp("test_it.py"), "w", encoding="utf-8") as f:
        f.write(text)
    r = t.xferdb("trace", "--local", "--expect", "blocks,stored", "--json=v.json", "--", "pytest", "-k", "upload",
                 env=t.environment(PATH=bin + ":" + os.environ["PATH"]), timeout=300 * t.SLOW)
    with open(t.tmp("v.json"), encoding="utf-8") as f:
        return r, [(c["verdict"]["answer"], c["verdict"]["outcome"]) for c in json.load(f)["calls"]]


def test_the_example_for_ci():
    r, said = pytest(CI)
    t.equal((r.status, said), (0, [("blocks", "stored")] * 4), r)
    r, said = pytest(CI + FORGOTTEN)
    t.equal(r.status, 1, r)
    t.match(r"xferdb: expected blocks,stored, saw [a-z-]*,lost", r.err)
    t.match(r"5 passed", r.out)


if __name__ == "__main__":
    t.main()
