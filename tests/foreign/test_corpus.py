"""The corpus, once: of every program that needs no registry one trace says what corpus/table.txt says."""
import corpus
import t


def some(kit, *beginnings):
    make = corpus.KITS[kit]()
    chosen = [row for row in corpus.rows(kit) if row.program.startswith(beginnings)]
    t.true(chosen, beginnings)
    t.equal([w for w in (corpus.traced(row, corpus.words_of(make, row)) for row in chosen) if w], [])


def test_python_that_waits():
    some("python", "blocking", "bounded")


def test_python_that_forgets():
    some("python", "forget", "back")


def test_python_that_is_lucky():
    some("python", "lucky")


def test_python_that_hangs():
    some("python", "hang")


def test_c():
    some("c", "upload")


def test_cxx():
    some("cxx", "upload")


def test_go_static():
    some("go-static", "upload")


def test_tools():
    """Those that are installed."""
    skipped, wrong = [], []
    make = corpus.KITS["tool"]()
    for row in corpus.rows("tool"):
        try:
            wrong += [w for w in [corpus.traced(row, corpus.words_of(make, row))] if w]
        except t.Skip as why:
            skipped.append(str(why))
    t.equal(wrong, [])
    if skipped:
        print("not there: " + ", ".join(skipped))


if __name__ == "__main__":
    t.main()
