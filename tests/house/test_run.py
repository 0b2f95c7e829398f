"""./run itself: in a small project of its own, with programs in front that stand for a machine's state."""
import os
import shutil

import t

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
enable_testing()
add_custom_target(product COMMAND ${CMAKE_COMMAND} -E touch xferdb)
%s
get_property(names DIRECTORY PROPERTY TESTS)
set_tests_properties(${names} PROPERTIES LABELS quick SKIP_RETURN_CODE 77 TIMEOUT 5)
"""
PRESETS = '{"version":6,"configurePresets":[{"name":"release","generator":"Ninja","binaryDir":"${sourceDir}/build"}]}'


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, mode)


class Place:
    """A clone with `tests` in it, and a machine: uid, what apt-get and sudo do. Their calls are kept."""

    def __init__(self, tests="", uid=0, sudo="exit 1", apt="exit 0", name="a clone"):
        self.root, self.bin, self.log = t.tmp(name), t.tmp("bin"), t.tmp("calls")
        write(os.path.join(self.root, "CMakeLists.txt"), PROJECT % tests)
        write(os.path.join(self.root, "CMakePresets.json"), PRESETS)
        shutil.copy(os.path.join(t.SOURCE, "run"), self.root)
        for program, body in (("id", "echo %d" % uid), ("sudo", sudo), ("apt-get", apt)):
            write(os.path.join(self.bin, program),
                  '#!/bin/sh\n%s%s\n' % ("" if program == "id" else 'echo "%s $*" >>"%s"\n' % (program, self.log), body),
                  0o755)

    def run(self, *args, cwd=None, **environment):
        # wishes are not this test's business: everything they look for is there
        for program in ("aws", "rclone", "curl", "gdb", "tmux", "groff"):
            write(os.path.join(self.bin, program), "#!/bin/sh\n", 0o755)
        env = t.environment(PATH="%s:/usr/bin:/bin" % self.bin, **environment)
        return t.run(os.path.join(self.root, "run"), *args, env=env, cwd=cwd or "/")

    def calls(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as log:
            return [line for line in log.read().splitlines() if "python3-boto3" not in line]


NO_LIBRARIES = {"PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": "/nonexistent"}
LINE = r"^apt-get install -y --no-install-recommends (\S+ )*libcurl4-openssl-dev( \S+)*$"


def test_the_last_line_counts_and_the_status_agrees():
    r = Place("""
        add_test(NAME good COMMAND true)
        add_test(NAME better COMMAND true)
        add_test(NAME absent COMMAND sh -c "exit 77")""").run("test")
    t.equal((r.status, r.out.splitlines()[-1]), (0, "2 passed, 0 failed, 1 skipped"), r)


def test_failures_of_every_kind_are_counted():
    r = Place("""
        add_test(NAME good COMMAND true)
        add_test(NAME bad COMMAND sh -c "echo '<testcase status=\\"run\\"'; exit 3")
        add_test(NAME no_program COMMAND /nonexistent/program)
        add_test(NAME crash COMMAND sh -c "kill -SEGV \\$\\$")
        add_test(NAME slow COMMAND sleep 60)""").run("test")
    t.equal((r.status, r.out.splitlines()[-1]), (1, "1 passed, 4 failed, 0 skipped"), r)


def test_nothing_run_is_not_success():
    r = Place("add_test(NAME good COMMAND true)").run("test", "-R", "no such test")
    t.equal((r.status, r.out.splitlines()[-1]), (1, "0 passed, 0 failed, 0 skipped"), r)


def test_all_skipped_is_not_success():
    r = Place('add_test(NAME absent COMMAND sh -c "exit 77")').run("test")
    t.equal((r.status, r.out.splitlines()[-1]), (1, "0 passed, 0 failed, 1 skipped"), r)


def test_a_build_that_fails_is_a_failure():
    r = Place("add_custom_target(broken ALL COMMAND false)\nadd_test(NAME good COMMAND true)").run("test")
    t.equal((r.status, r.out.splitlines()[-1]), (1, "0 passed, 1 failed, 0 skipped"), r)


def test_nothing_is_fetched_when_nothing_is_missing():
    place = Place("add_test(NAME good COMMAND true)", apt="exit 100")
    t.equal(place.run("build").status, 0)
    t.equal(place.run("test").status, 0)
    t.equal(place.calls(), [])


def test_nobody_is_told_the_one_line():
    place = Place(uid=1000)
    r = place.run("build", **NO_LIBRARIES)
    t.equal(r.status, 2, r)
    t.match(LINE, r.out, r)
    t.equal(len(r.out.splitlines()), 1)
    t.equal([call for call in place.calls() if call.startswith("apt-get")], [])


def test_sudo_is_used_where_there_is_one():
    place = Place(uid=1000, sudo='[ "$1" = -n ] && shift; "$@"')
    r = place.run("build", **NO_LIBRARIES)
    t.equal(r.status, 0, r)
    t.match(r"libcurl4-openssl-dev", "\n".join(c for c in place.calls() if c.startswith("apt-get")))


def test_root_fetches_the_lists_only_when_the_install_fails():
    once = Place()
    t.equal(once.run("build", **NO_LIBRARIES).status, 0)
    t.equal([call.split()[-1] == "update" for call in once.calls()], [False])
    twice = Place(apt='case "$*" in *update) touch "%s" ;; *) [ -e "%s" ] ;; esac' % ((t.tmp("lists"),) * 2), name="b")
    os.unlink(twice.log)
    t.equal(twice.run("build", **NO_LIBRARIES).status, 0)
    t.equal([call.split()[-1] == "update" for call in twice.calls()], [False, True, False])


def test_a_clone_that_moved_builds_anew():
    place = Place("add_test(NAME good COMMAND true)")
    t.equal(place.run("build").status, 0)
    os.rename(place.root, t.tmp("elsewhere"))
    place.root = t.tmp("elsewhere")
    t.equal(place.run("test").out.splitlines()[-1], "1 passed, 0 failed, 0 skipped")


def test_commands_can_be_repeated_and_clean_cleans():
    place = Place("add_test(NAME good COMMAND true)")
    for command in ("build", "build", "clean", "clean"):
        r = place.run(command)
        t.equal((r.status, r.out), (0, ""), r)
    t.equal(sorted(os.listdir(place.root)), ["CMakeLists.txt", "CMakePresets.json", "run"])


def test_demo_hands_its_arguments_on():
    place = Place()
    place.run("build")
    write(os.path.join(place.root, "build/xferdb"), '#!/bin/sh\nprintf "<%s>" "$@"\nexit 7\n', 0o755)
    write(os.path.join(place.root, "CMakeLists.txt"), (PROJECT % "").replace("-E touch xferdb", "-E true"))
    r = place.run("demo", "--boto3", "two words")
    t.equal((r.status, r.out), (7, "<demo><--boto3><two words>"), r)


def test_an_unknown_command_lists_the_known():
    r = Place().run("dance")
    t.equal((r.status, r.out), (2, ""))
    t.match(r"unknown command: dance", r.err)
    t.match(r"^install +\[PREFIX\]", r.err)
    t.equal(Place().run().status, 0)


if __name__ == "__main__":
    t.main()
