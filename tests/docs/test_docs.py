"""The documents agree with the code."""
import os
import re

import t

FOLDERS = ("core", "tracer", "tui", "tests", "cmake", "docs", "schema")


def read(path):
    with open(os.path.join(t.SOURCE, path), encoding="utf-8") as source:
        return source.read()


def documents():
    found = ["README.md", "CHANGELOG.md"]
    for folder, _, names in os.walk(os.path.join(t.SOURCE, "docs")):
        found += [os.path.relpath(os.path.join(folder, n), t.SOURCE) for n in names if n.endswith(".md")]
    return found


def test_the_page_of_events_is_the_catalogue():
    page = t.run(os.path.join(t.BUILD, "tests/events_page"))
    t.equal(page.status, 0, page)
    t.true(page.out == read("docs/events.md"), "run build/tests/events_page > docs/events.md")


def test_links_between_documents_lead_somewhere():
    for document in documents():
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(document)):
            path = os.path.join(t.SOURCE, os.path.dirname(document), target)
            t.true(os.path.exists(path), "%s links to %s" % (document, target))


def test_every_library_is_in_the_readme_with_its_reason():
    readme = read("README.md")
    for module in re.findall(r"^pkg_check_modules\(\w+ REQUIRED IMPORTED_TARGET ([a-z0-9+]+)",
                             read("cmake/libraries.cmake"), re.M):
        t.match(r"^\| *(?:[^|]*, )?`?%s`?(?:,[^|]*)? *\| *[^| ]" % re.escape(module), readme, module)


def test_every_package_is_named_once():
    run = read("run")
    rows = [row.split() for row in re.search(r"^packages='\n(.*?)^'", run, re.M | re.S).group(1).splitlines()]
    t.true(len(rows) > 15)
    t.equal([row for row in rows if len(row) != 3 or row[0] not in ("build", "test", "wish", "full", "clang")], [])
    t.equal(len({row[1] for row in rows}), len(rows))


if __name__ == "__main__":
    t.main()
