"""The prompt beside pdb 3.11: what it says and does where the two can be compared, and lines nobody types."""
import os
import re
import signal
import time

import t
from prompt import FIVE_PARTS, debug, said


def test_a_display_belongs_to_its_frame():
    r = debug("tbreak upload_part", "c", "display part", "display part", "display event.kind", "s", "display", "u", "display",
              "d", "undisplay part", "undisplay nothing", "display", "tbreak upload_part", "c", "display", prompts=True)
    saw = said(r)
    part = re.search(r"part=(\d)", saw[1]).group(1)
    t.equal(saw[2:4], ["display part: %s" % part] * 2, r)
    t.match(r"^display event\.kind: '\w+'  \[old: 'frame_enter'\]$", saw[5], r)
    t.match(r"^Currently displaying:\npart: %s\nevent\.kind: '\w+'$" % part, saw[6], r)
    t.equal((saw[11], saw[15]), ("*** not displaying nothing", "Currently displaying:"), r)      # another call, another frame
    t.match(r"^Currently displaying:\nevent\.kind: ", saw[12], r)


def test_debug_wraps_the_prompt_until_it_is_left():
    r = debug("debug x = 5", "s", "p x", "debug 1 / 0", "c", "s", "debug 1", "q", "p x", prompts=True)
    out = r.out[r.out.index("(xferdb) "):]
    t.equal(out.split("\n"), ["(xferdb) ENTERING RECURSIVE DEBUGGER", "> <string>(1)<module>()",
                              "((xferdb)) --Return--", "> <string>(1)<module>()->None",
                              "((xferdb)) 5", "((xferdb)) ENTERING RECURSIVE DEBUGGER", "> <string>(1)<module>()",
                              "(((xferdb))) *** ZeroDivisionError: division by zero", "LEAVING RECURSIVE DEBUGGER",
                              "((xferdb)) LEAVING RECURSIVE DEBUGGER", "(xferdb) ENTERING RECURSIVE DEBUGGER",
                              "> <string>(1)<module>()", "((xferdb)) LEAVING RECURSIVE DEBUGGER", "(xferdb) 5", "(xferdb) ", ""], r)


def test_interact_works_on_a_copy():
    r = debug("x = 1", "interact", "x = 2", "x ;; 3", "x", "exit()", "p x", prompts=True)
    t.true("(xferdb) *interactive*\n>>> >>> *** SyntaxError: invalid syntax\n>>> 2\n>>> now exiting InteractiveConsole...\n"
           "(xferdb) 1\n" in r.out, r)


def test_aliases_nest_are_sorted_and_never_run_for_ever():
    r = debug("alias zz p %1", "alias aa zz %1 ;; p %2", "alias", "aa 4 5", "", "alias nothing", "alias loop pool", "alias pool loop",
              "loop", "alias self self ;; p 1", "self", "p 'still here'", "alias p2 p %*", "p2 1 + 2", prompts=True)
    saw = said(r)
    t.equal(saw[2], "aa = zz %1 ;; p %2\nzz = p %1", r)
    t.equal((saw[3], saw[4], saw[5]), ("4", "4", "*** Unknown alias 'nothing'"), r)  # an alias in an alias takes the whole line
    t.match(r"^\*\*\* aliases without end", saw[8], r)
    t.match(r"^\*\*\* aliases without end", saw[10], r)
    t.equal((saw[11], saw[13]), ("'still here'", "3"), r)


def test_lines_nobody_types_change_nothing():
    lines = ["p " + "(" * 2000 + "1" + ")" * 2000, "p " + "-" * 3000 + "1", "p " + "not " * 900 + "1", "x" * 100000,
             "b " + "z" * 3000, "goto 99999999999999999999", "until part -3", "until event 99999999999", "unt -5", "back x",
             "b 4294967297", "thread 18446744073709551616", "hold part 0", "commands " + "9" * 40, "p 'a' * 2000", "clear :",
             "b :", "l -5, 3", "run '", "config = 1", "1 = 2", "config()"]
    r = debug(*lines, "p 6 * 7", prompts=True)
    saw = said(r)
    for line, answer in zip(lines, saw):
        t.true(answer.startswith("*** ") or answer == "End of file", (line[:40], answer))
    t.equal((saw[len(lines)], r.status), ("42", 0), r)
    r = t.xferdb("debug", "put", t.make_file("file", 1000), "s3://bucket/key", "--local", "--batch",
                 input=bytes(range(256)) * 40 + b"\np 1\0c\nbreak\xff\xfe\np 'here'\n")
    t.match(r"^'here'$", r.out, r)
    t.equal(r.status, 0, r)


def test_expressions_are_pythons():
    cases = [("-2 ** 2", "-4"), ("2 ** -1", "0.5"), ("-7 // 2", "-4"), ("-7 % 3", "2"), ("1 << 4 | 1", "17"), ("~5", "-6"),
             ("True + True", "2"), ("'ab' * 3", "'ababab'"), ("'a' in 'cat'", "True"), ("3 < 2 < 1 / 0", "False"),
             ("0.1 + 0.2", "0.30000000000000004"), ("len('äö✓')", "3"), ("'äö✓'[-1]", "'✓'"), ("'a\\tb'", "'a\\tb'"),
             ("round(2.5)", "2"), ("8MB", "8388608"), ("20ms", "20000000"), ("not 1 == 2", "True"), ("max(1, 2.5)", "2.5"),
             ("1 in 'cat'", "*** TypeError: 'in <string>' requires string as left operand, not int"),
             ("'a' < 1", "*** TypeError: '<' not supported between instances of 'str' and 'int'"),
             ("int('x')", "*** ValueError: invalid literal for int() with base 10: 'x'"),
             ("future.done", "*** AttributeError: 'NoneType' object has no attribute 'done'"),
             ("config.max_concurrency.x", "*** AttributeError: 'int' object has no attribute 'x'")]
    r = debug(*("p " + expression for expression, _ in cases), prompts=True)
    for (expression, value), answer in zip(cases, said(r)):
        t.equal(answer, value, expression)
    r = debug("v = 3", "v += 4", "v **= 2", "v <<= 1", "v", "!config.max_concurrency -= 2", "p config.max_concurrency", prompts=True)
    t.equal((said(r)[4], said(r)[6]), ("98", "8"), r)


def test_names_with_dashes_and_the_word_eof_are_commands():
    r = debug("s", "reverse-step", "goto end", "EOF", "p 'not reached'")
    t.match(r"^\[main frame_enter xf_call_transfer", r.out, r)
    t.true("not reached" not in r.out and "***" not in r.out, r)


def test_a_script_that_cannot_be_read_is_refused_before_anything_is_sent():
    for path in (t.tmp("nothing-there"), t.tmp()):
        r = debug("c", args=["-x", path])
        t.equal((r.status, r.out), (2, ""), r)


def test_a_failed_run_is_left_as_pdb_leaves_a_post_mortem():
    r = debug("c", "s", "q", args=["--fault", "part=3,status=403,times=1"])
    t.match(r"^Running 'cont' or 'step' will restart the program\n(?:.*\n)+?"
            r"Post mortem debugger finished\. The put will be restarted\n> core/transfer/call\.c", r.out, r)
    t.equal(r.status, 3, r)


def test_in_a_post_mortem_c_starts_again_and_stops_there():
    r = debug("c", "c", "p event.kind", "q", args=["--fault", "part=3,status=403,times=1"])
    t.match(r"^Post mortem debugger finished\. The put will be restarted\n> core/transfer/call\.c.*\n-> .*\n\[main frame_enter .*\n"
            r"'frame_enter'$", r.out, r)


def test_a_stop_is_shown_when_the_start_up_lines_are_used_up():
    with open(t.tmp("rc"), "w") as rc:
        rc.write("b part_start, part == 2\nc\np 'behind'\n")
    os.makedirs(t.tmp("home"), exist_ok=True)
    os.replace(t.tmp("rc"), t.tmp("home", ".xferdbrc"))
    r = debug(args=["-c", "p part"])
    t.match(r"^Breakpoint 1 at part_start\n'behind'\n2\n> core/transfer/upload\.c.*\n-> .*\n\[\S+ part_start part=2 attempt=1\]\n\Z",
            r.out, r)
    t.true(r.out.startswith("Breakpoint 1"), r)
    r = debug(args=["--no-rc", "-c", "p 1", "-c", "tbreak part_start", "-c", "c"])
    t.match(r"\A1\nBreakpoint 1 at part_start\nDeleted breakpoint 1 at part_start\n> core/transfer/upload\.c.*\n-> .*\n"
            r"\[\S+ part_start part=\d attempt=1\]\n\Z", r.out, r)
    t.equal(debug(args=["--no-rc", "-c", "q"]).out, "")


def test_until_compares_the_lines_of_its_own_function():
    r = debug("tbreak xf_s3_upload_part", "c", "until 196", "w", prompts=True)
    t.match(r"^--Return--\n> core/s3/upload\.c\(\d+\)xf_s3_upload_part\(\)->0$", said(r)[2], r)
    r = debug("tbreak xf_s3_upload_part", "c", "s", "s", "c", "rc", "goto 0", "b xf_s3_upload_part", "c", "cl 2", "until 196",
              prompts=True)
    t.match(r"^> core/s3/upload\.c\(\d+\)xf_s3_upload_part\(\)$", said(r)[8], r)
    t.match(r"^--Return--\n> core/s3/upload\.c\(\d+\)xf_s3_upload_part\(\)->0$", said(r)[10], r)
    r = debug("tbreak part_sent", "c", "w", "until 1000", prompts=True)     # a plain function: the next event is outside of it
    t.match(r"^> core/transfer/errand\.c\(\d+\)sent\(\)\n", said(r)[1].split("\n", 1)[1], r)
    t.true("sent()" not in said(r)[3], r)


def test_looking_at_the_past_of_a_run_ends_it_for_no_verdict():
    r = debug("verdict", "b part_start 3", "c", "goto 0", "verdict", "goto end", "verdict", prompts=True)
    t.equal(said(r)[0], "The call has not been made yet.", r)
    t.match(r"\ANot returned yet\. Pieces of work so far: \d", said(r)[4], r)
    t.match(r"^\(Judged by the whole recording, not up to here\.\)$", said(r)[4], r)
    t.match(r"\ANot returned yet\.", said(r)[6], r)


def test_small_messages_are_pdb_s():
    r = debug("!", "clear call.c:55", "b call.c:53", "clear call.c:55", "p 'abc", "p (1, 2)", "p (1", "clear nosuch.c:5", prompts=True)
    t.equal(said(r)[:8], ["*** SyntaxError: invalid syntax", "*** There are no breakpoints in core/transfer/call.c",
                          "Breakpoint 1 at core/transfer/call.c:53", "*** There are no breakpoints at core/transfer/call.c:55",
                          "*** SyntaxError: unterminated string literal (detected at line 1)", "*** SyntaxError: invalid syntax",
                          "*** SyntaxError: '(' was never closed", "*** There are no breakpoints in nosuch.c"], r)


def test_tab_draws_the_line_where_it_stands():
    path = t.make_file("file", 1000)
    with t.Pty(t.XFERDB, "debug", "put", path, "s3://bucket/key", "--local", size=(24, 60)) as p:
        p.expect(r"\(xferdb\) ")
        at = len(p.text)
        p.send("b fut\t")
        p.expect(r"b future\.c:")
        t.match(r"\A[^(]*b fut[^(]*\r[^(\n]*\(xferdb\) b future\.c:", p.text[at:])   # from the row's beginning
        p.send("\x15p config.\t\t")
        p.expect(r"\nconfig\.multipart_threshold *\r?\n")                       # too wide for two columns
        p.expect(r"\(xferdb\) p config\.")
        p.send("\x15p conf\t")
        p.expect(r"p config")
        p.send(".use_threads\n")
        p.expect(r"\nTrue\r")
        p.send("q\n")
        t.equal(p.wait(), 0)


def test_ctrl_c_twice_while_it_runs_stops_once_and_no_line_is_lost():
    path = t.make_file("file", FIVE_PARTS)
    with t.Pty(t.XFERDB, "debug", "put", path, "s3://bucket/key", "--local") as p:
        p.expect(r"\(xferdb\) ")
        for command in ("b part_start 2", "c", "hold part 2 300s", "c"):
            p.send(command + "\n")
            p.expect({"b part_start 2": "Breakpoint 1", "c": "part_start part=2|$", "hold part 2 300s": "Hold 1"}[command])
        time.sleep(1)
        p.send("\x03\x03")
        p.expect(r"Program interrupted\. \(Use 'cont' to resume\)\.")
        p.expect(r"\(xferdb\) ")
        p.send("p 6 * 7\n")
        p.expect(r"\n42\r")
        p.kill(signal.SIGTERM)
        t.equal(p.wait(), 130)


def test_a_list_that_goes_on_can_be_interrupted():
    path = t.tmp("sparse")
    with open(path, "wb") as f:
        f.truncate(2000 * 5 * t.MiB)
    with t.Pty(t.XFERDB, "debug", "put", path, "s3://bucket/key", "--local", "--part-size", "5MB", "--max-bandwidth",
               "50MB") as p:
        p.expect(r"\(xferdb\) ")
        p.send("b progress\ncommands\nsilent\np 'at it'\nc\nc\n")
        p.expect(r"'at it'\r\n'at it'")
        p.send("\x03")
        p.expect(r"Program interrupted")
        p.expect(r"\(xferdb\) ")
        p.send("q\n")
        t.equal(p.wait(), 130)


if __name__ == "__main__":
    t.main()
