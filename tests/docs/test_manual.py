"""Man pages and completion, as the build makes them from the schema."""
import glob
import json
import os
import re

import t

with open(os.path.join(t.SOURCE, "schema/xferdb.json"), encoding="utf-8") as source:
    SCHEMA = json.load(source)
COMMANDS = [command["name"] for command in SCHEMA["commands"]]


def made(*names):
    path = os.path.join(t.BUILD, *names)
    if not os.path.exists(path):
        t.skip("not made: %s" % os.path.join(*names))
    return path


def having(*commands):
    """Only where these commands are built."""
    missing = set(commands) - set(COMMANDS)
    if missing:
        t.skip("not built: %s" % " ".join(sorted(missing)))


def page(name):
    """A page as a reader sees it, one paragraph a line."""
    r = t.run(t.need("groff"), "-man", "-Tutf8", "-P-cbou", "-rLL=500n", "-ww", made("man", name))
    t.equal((r.status, r.err), (0, ""))
    return re.sub("\N{HYPHEN}|\N{MINUS SIGN}", "-", r.out)


def complete(*words):
    """What bash offers for the last of the words, split as readline splits them."""
    script = '''source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _xferdb
                [ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"'''
    r = t.run("/bin/bash", "-c", script, made("completion/xferdb"), "xferdb", *words)
    return sorted(r.out.splitlines())


def test_every_command_has_a_page_that_formats_without_a_complaint():
    t.equal({os.path.basename(path) for path in glob.glob(made("man") + "/*.[15]")},
            {"xferdb.1", "xferdb-json.5"} | {"xferdb-%s.1" % name for name in COMMANDS})
    for path in glob.glob(made("man") + "/*.[15]"):
        page(os.path.basename(path))


def test_a_page_has_every_option_of_its_command_and_no_other():
    for command in SCHEMA["commands"]:
        section = page("xferdb-%s.1" % command["name"]).split("\nOPTIONS\n")[-1].split("\nEXIT STATUS\n")[0]
        seen = re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", section, re.M)
        t.equal(sorted(seen), sorted(command["options"]), command["name"])


def test_a_page_names_ranges_defaults_and_statuses():
    having("put")
    put = page("xferdb-put.1")
    t.match(r"^ +--max-concurrency, --concurrency N\n +.*From 1 to \d+\. Default: 10\.$", put)
    for row in SCHEMA["exit_statuses"]:
        if row["status"] < 4:
            t.match(r"^ +%d +%s$" % (row["status"], re.escape(row["when"])), put)


def test_prose_belongs_to_a_page():
    having("put", "serve")
    for path in glob.glob(os.path.join(t.SOURCE, "docs/man/*.txt")):
        name = os.path.basename(path)[:-4]
        t.true(name in ("xferdb", "xferdb-json") or name.replace("xferdb-", "", 1) in COMMANDS, path)


def test_commands_are_completed():
    having("put", "verdict")
    t.equal(complete("pu"), ["put"])
    t.true(set(COMMANDS) <= set(complete("")))


def test_options_are_those_of_the_command():
    having("put", "verdict")
    t.equal(complete("put", "--max-con"), ["--max-concurrency"])
    t.equal(complete("verdict", "--max-con"), [])
    t.equal(complete("--json", "verdict", "--str"), ["--strict"])


def test_values_are_the_words_of_the_option():
    having("put", "verdict")
    t.equal(complete("put", "--wait", "res"), ["result", "result,exit"])
    t.equal(complete("put", "--wait", "=", "no"), ["none"])
    t.equal(complete("verdict", "--expect", "="), sorted(next(
        option["words"] for option in SCHEMA["options"] if option["name"] == "expect")))
    t.equal(complete("put", "--if-none-match", ""), ["*"])


def test_paths_are_completed_where_a_file_is_wanted():
    having("put", "verdict")
    t.make_file("source.bin", 1)
    t.equal(complete("put", "sour"), ["source.bin"])
    t.equal(complete("put", "--ca-bundle", "sour"), ["source.bin"])


def test_other_shells_read_theirs():
    for shell, name in (("zsh", "_xferdb"), ("fish", "xferdb.fish")):
        r = t.run(t.need(shell), "-n", made("completion", name))
        t.equal((r.status, r.err), (0, ""))


if __name__ == "__main__":
    t.main()
