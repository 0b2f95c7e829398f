"""The whole corpus, kit by kit: every program traced XF_CORPUS_ROUNDS times (20) and proved once. None falsely
`blocks`, and each as corpus/table.txt says. XF_CORPUS_ONLY=WORD takes the rows that contain it."""
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


if __name__ == "__main__":
    t.main()
