"""The real binary on a real terminal (tmux): resizes in mid-run, ways out, what the terminal is like afterwards."""
import os
import re
import shlex
import signal
import subprocess
import time

import t
from test_pictures import trace


class Tmux:
    """A terminal of its own, on a server of its own."""
    nr = 0

    def __init__(self, command, columns=80, rows=24, **variables):
        self.tmux = t.need("tmux")
        Tmux.nr += 1 # the server before may still be on its way out
        self.socket = os.path.join(t.tmp(), "tmux%d" % Tmux.nr)
        env = dict(t.environment(), **dict({"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}, **variables))
        shell = "exec env -i %s sh" % " ".join("%s=%s" % (k, shlex.quote(v)) for k, v in env.items())
        if "TERM" in variables:
            command = "export TERM=%s; %s" % (variables["TERM"], command)
        self.do("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shell)
        self.send("PS1='$ '; clear; stty -a > %s/before; %s; echo EXIT=$?; stty -a > %s/after; echo DONE" %
                  (t.tmp(), command, t.tmp()), "Enter")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.do("kill-server", check=False)

    def do(self, *args, check=True):
        return subprocess.run([self.tmux, "-S", self.socket, *args], check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def send(self, *keys):
        self.do("send-keys", *keys)

    def size(self, columns, rows):
        self.do("resize-window", "-x", str(columns), "-y", str(rows))

    def shown(self):
        return self.do("capture-pane", "-p")

    def alternate(self):
        return self.do("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").strip()

    def wait(self, pattern, seconds=60):
        def seen():
            return re.search(pattern, self.shown())
        try:
            t.wait_until(seen, seconds)
        except AssertionError:
            raise AssertionError("%r does not appear:\n%s" % (pattern, self.shown())) from None

    def done(self, status):
        self.wait(r"(?m)^DONE$")
        self.wait(r"EXIT=%d\b" % status)
        t.equal(self.alternate(), "0 1 0", "alternate screen, cursor, mouse")
        read = lambda name: open(os.path.join(t.tmp(), name)).read().split("\n", 1)[1]
        t.equal(read("after"), read("before"), "the terminal's modes")


def view(*args):
    return " ".join([t.XFERDB, "view", trace("upload"), *args])


def pid_of(tmux):
    shell = tmux.do("display-message", "-p", "#{pane_pid}").strip()
    out = []
    t.true(t.wait_until(lambda: out.extend(subprocess.run(["pgrep", "-P", shell], text=True,
                                           stdout=subprocess.PIPE).stdout.split()) or out, 10), "no process")
    return int(out[0])


def test_q_gives_the_terminal_back_and_prints_the_verdict():
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        t.equal(x.alternate()[0], "1")
        x.send("q")
        x.done(0)
        t.match(r"WAITS \(proved\)", x.shown())


def way_out(number, status):
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        os.kill(pid_of(x), number)
        x.done(status)


def test_sigterm_gives_the_terminal_back():
    way_out(signal.SIGTERM, 130)


def test_sigint_gives_the_terminal_back():
    way_out(signal.SIGINT, 130)


def test_a_crash_gives_the_terminal_back():
    with Tmux("ulimit -c 0; " + view()) as x:
        x.wait(r"1 timeline")
        os.kill(pid_of(x), signal.SIGSEGV)
        x.wait(r"(?m)^DONE$")
        t.equal(x.alternate(), "0 1 0", "alternate screen, cursor, mouse")


def test_a_lost_terminal_ends_it():
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        pid = pid_of(x)
        x.do("kill-server", check=False)
        t.true(t.wait_until(lambda: not os.path.exists("/proc/%d" % pid), 60), "it is still there")


def test_ctrl_z_and_fg():
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        x.send("C-z")
        x.wait(r"(?i)stopped")
        t.equal(x.alternate()[0], "0")
        x.send("fg", "Enter")
        x.wait(r"1 timeline")
        x.send("q")
        x.wait(r"(?m)^\$ *$|DONE|WAITS")


def test_ctrl_z_and_fg_in_mid_run():
    path = t.make_file("file", 40 * t.MiB)
    with Tmux("%s put --tui --local --fault bandwidth=8MB %s s3://bucket/key" % (t.XFERDB, path)) as x:
        x.wait(r"live  at")
        x.send("C-z")
        x.wait(r"(?i)stopped")
        t.equal(x.alternate()[0], "0")
        x.send("fg", "Enter")
        x.wait(r"1 timeline")
        x.wait(r"run over")
        x.send("q")
        x.wait(r"WAITS .proved.")


def test_resizes_in_mid_run_and_no_thread_waits_for_the_screen():
    path = t.make_file("file", 40 * t.MiB)
    with Tmux("%s put --tui --local --fault bandwidth=20MB %s s3://bucket/key" % (t.XFERDB, path)) as x:
        x.wait(r"live  at")
        for columns, rows in ((200, 50), (60, 15), (30, 8), (120, 40), (80, 24)):
            x.size(columns, rows)
            if columns == 30:
                x.wait(r"too small")
            else:
                x.wait(r"OPEN|WAITS")
                x.wait(r"1 timeline")
        x.wait(r"run over", 60)
        x.wait(r"WAITS \(proved\)")
        for columns, rows in ((200, 50), (80, 24)):
            x.size(columns, rows)
            x.wait(r"6 join")
        x.send("q")
        x.done(0)
        t.match(r"WAITS \(proved\)", x.shown())


def test_a_click_chooses_and_the_wheel_zooms():
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        x.send("5")
        x.wait(r"5 events")
        line = x.shown().split("\n").index(next(l for l in x.shown().split("\n") if "5 events" in l)) + 2
        wanted = x.shown().split("\n")[line - 1].split()[0]
        x.do("send-keys", "-l", "\x1b[<0;20;%dM" % line)
        x.wait(r"(?m)^%s #" % re.escape(wanted))
        axis = x.shown().split("\n")[6]
        x.do("send-keys", "-l", "\x1b[<64;40;9M")
        t.true(t.wait_until(lambda: x.shown().split("\n")[6] != axis, 10), "not zoomed")
        x.send("q")
        x.done(0)


def test_a_click_on_a_column_sorts_and_one_on_the_bar_does_what_it_says():
    click = lambda x, row, column: x.do(
        "send-keys", "-l", "\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (2 * (column + 1, row + 1)))
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        x.send("2", "O")
        x.wait(r"(?m)^ thread  +state")
        head = next(i for i, line in enumerate(x.shown().split("\n")) if line.startswith(" thread "))
        click(x, head, x.shown().split("\n")[head].index("busy"))
        x.wait(r"▼busy")
        click(x, head, x.shown().split("\n")[head].index("busy"))
        x.wait(r"▲busy")
        x.send("1")
        x.wait(r"\? help")
        click(x, 23, x.shown().split("\n")[23].index("help"))
        x.wait(r"leave the screen; a run goes on")
        x.send("q")
        x.wait(r"1 timeline")
        x.send("q")
        x.done(0)


def test_q_in_capital_leaves_the_picture():
    with Tmux(view(), 80, 40) as x:
        x.wait(r"1 timeline")
        x.send("Q")
        x.done(0)
        t.match(r"(?s)6 join.*WAITS .proved.", x.shown())


def test_the_layout_survives_the_session_and_a_broken_file_does_no_harm():
    kept = os.path.join(t.environment()["XDG_STATE_HOME"], "xferdb", "screen")
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        x.send("8", "M", "O", "+")
        x.send(":", "sort total", "Enter")
        x.wait(r"▼total")
        x.send("q")
        x.done(0)
    with open(kept) as f:
        text = f.read()
    for line in ("theme light", "pane requests", "alone yes", "higher 2", "sort requests total"):
        t.true(line in text.split("\n"), text)
    with Tmux(view()) as x:
        x.wait(r"▼total")
        t.true("1 timeline" not in x.shown(), x.shown())
        x.send("q")
        x.done(0)
    with open(kept, "w") as f:
        f.write("theme no-such\npane \x1b[2J\nhigher 99999999999999999999\nsort\nsort parts nothing\n" + "x" * 20000)
    with Tmux(view("--theme", "dark")) as x:
        x.wait(r"1 timeline")
        x.send("q")
        x.done(0)


def test_resize_inside_an_input_line():
    with Tmux(view()) as x:
        x.wait(r"1 timeline")
        x.send("/", "part")
        x.wait(r"(?m)^/part")
        x.size(120, 40)
        x.wait(r"(?m)^/part")
        x.send("Escape")
        x.wait(r"quit")
        x.send("q")
        x.done(0)


def test_leaving_early_does_not_end_the_upload():
    path = t.make_file("file", 30 * t.MiB)
    with Tmux("%s put --tui --local --fault bandwidth=20MB %s s3://bucket/key" % (t.XFERDB, path)) as x:
        x.wait(r"live  at")
        x.send("q")
        x.done(0)
        t.match(r"object stored", x.shown().replace("\n", ""))


def test_the_debugger_on_the_screen():
    path = t.make_file("file", 20 * t.MiB)
    with Tmux("%s debug --tui --no-rc put --local %s s3://bucket/key" % (t.XFERDB, path), 120, 40) as x:
        x.wait(r"live")
        x.send("0", "break part_start", "Enter")
        x.wait(r"Breakpoint 1")
        x.send("continue", "Enter")
        x.wait(r"part_start part=\d")
        x.send("Escape")
        x.send("1")
        x.wait(r"stopped")
        x.send("q")
        x.wait(r"y/n")
        x.send("n")
        x.wait(r"not aborted")
        x.send("q", "y")
        x.done(130)


def debugging(*args):
    path = t.make_file("file", 20 * t.MiB)
    return Tmux(" ".join([t.XFERDB, "debug --tui --no-rc put --local", *args, path, "s3://bucket/key"]), 100, 40)


def test_the_prompt_of_the_screen_completes_and_says_what_it_waits_for():
    with debugging() as x:
        x.wait(r"stopped")
        x.send("0")
        x.wait(r"xf_call_transfer")
        x.send("b part_st", "Tab")
        x.wait(r"(?m)^\(xferdb\) b part_start$")
        x.send("Enter")
        x.wait(r"Breakpoint 1")
        x.send("p config.max_i", "Tab")
        x.wait(r"(?m)^\(xferdb\) p config\.max_in_memory_$|^\(xferdb\) p config\.max_i$")
        x.send("Tab")
        x.wait(r"max_in_memory_upload_chunks +config\.max_in_memory_download_chunks|max_in_memory_download_chunks")
        x.send("C-u", "commands 1", "Enter")
        x.wait(r"(?m)^\(com\)\s*\Z")
        x.do("send-keys", "-l", "p 6 * 7")
        x.send("Enter")
        x.wait(r"(?m)^\(com\) p 6 \* 7$")
        x.do("send-keys", "-l", "end")
        x.send("Enter")
        x.wait(r"(?m)^\(xferdb\)\s*\Z")
        x.do("send-keys", "-l", "p '%s' + 'tail'" % ("0123456789" * 12))       # more than a row, and more than 64 keys at once
        x.wait(r"(?m)^\(xferdb\) [0-9]+' \+ 'tail'$")
        x.send("Enter")
        x.wait(r"'%s" % ("0123456789" * 9))
        x.wait(r"(?m)^[0-9]+tail.$")
        x.send("Escape", ":")
        x.send("next-of-th", "Tab")
        x.wait(r"(?m)^:next-of-thread$|^:next-of-thread ")
        x.send("Escape", ":", "w", "Enter")                                    # pdb's where, not the beginning of wrap
        x.wait(r"(?m)^\(xferdb\) w$")
        x.send("q")
        x.done(0)


def test_ctrl_c_on_the_debuggers_screen_stops_the_run_and_ends_nothing():
    with debugging("--max-bandwidth", "1MB") as x:
        x.wait(r"stopped")
        x.send("0")
        x.wait(r"xf_call_transfer")
        x.send("C-c", "Escape")
        x.send("c")
        x.wait(r"(?m)^\(xferdb\) continue$")
        x.wait(r"[1-9]\d* in flight")
        x.send("C-c")
        x.wait(r"Program interrupted\. \(Use 'cont' to resume\)\.")
        x.send("q", "y")
        x.done(130)


def test_ctrl_z_and_fg_at_the_prompt_keep_the_line():
    path = t.make_file("file", 1000)
    with Tmux("%s debug --no-rc put --local %s s3://bucket/key" % (t.XFERDB, path), 120, 40) as x:
        x.wait(r"(?m)^\(xferdb\)\s*\Z")
        x.do("send-keys", "-l", "p 6 +")
        x.wait(r"(?m)^\(xferdb\) p 6 \+\s*\Z")
        x.send("C-z")
        x.wait(r"(?i)stopped")
        x.send("fg", "Enter")
        x.wait(r"(?m)^\(xferdb\) p 6 \+\s*\Z")         # drawn again, below what the shell wrote
        x.do("send-keys", "-l", " 36")
        x.send("Enter")
        x.wait(r"(?m)^42\n\(xferdb\)\s*\Z")
        x.send("q", "Enter")
        x.wait(r"\$\s*\Z")


PROGRAM = r"""printf 'one\\033[2Jtwo\\n'; echo three >&2; read line || echo no input; touch %s; while [ ! -e %s ]; do sleep 0.1; done; echo four; exit 7"""


def traced(after):
    """A shell program under `trace --tui`: it writes, and stands until the file at `go` is there."""
    ready, go = os.path.join(t.tmp(), "ready"), os.path.join(t.tmp(), "go")
    script = os.path.join(t.tmp(), "program.sh")
    with open(script, "w") as out:
        out.write(PROGRAM.replace("\\\\", "\\") % (ready, go))
    with Tmux("%s trace --tui -o %s/program.xft sh %s" % (t.XFERDB, t.tmp(), script), 100, 30) as x:
        x.wait(r"live  at")
        t.true(t.wait_until(lambda: os.path.exists(ready), 60), "the program does not write")
        x.send("0")
        for line in ("onetwo", "three", "no input"):
            x.wait(r"(?m)^%s\b" % line)
        after(x, go)
        x.done(7)
        for line in ("three", "no input", "four"):
            x.wait(r"(?m)^%s\b" % line)


def test_a_traced_programs_output_comes_to_a_pane_and_then_to_the_terminal():
    def after(x, go):
        open(go, "w").close()
        x.wait(r"run over")
        x.wait(r"(?m)^four\b")
        x.send("q")
    traced(after)


def test_leaving_the_screen_leaves_the_program_alone():
    def after(x, go):
        x.send("q")
        x.wait(r"(?m)^three")
        t.equal(x.alternate()[0], "0")
        open(go, "w").close()
    traced(after)


def test_ending_a_traced_program_is_asked_first():
    with Tmux("%s trace --tui -o %s/program.xft sleep 1000" % (t.XFERDB, t.tmp())) as x:
        x.wait(r"process_start|live  at")
        x.send("K")
        x.wait(r"end the program .SIGTERM.\? y/n")
        x.send("n")
        x.wait(r"not aborted")
        x.send("K", "y")
        x.wait(r"run over")
        x.send("q")
        x.done(143)


def test_breakpoints_survive_the_session_on_the_screen():
    path = t.make_file("file", 20 * t.MiB)
    command = "%s debug --tui put --local %s s3://bucket/key" % (t.XFERDB, path)
    with Tmux(command, 120, 40) as x:
        x.wait(r"live")
        x.send("0", "break part_start 2, attempt == 1", "Enter")
        x.wait(r"Breakpoint 1")
        x.send("tbreak part_done", "Enter")
        x.wait(r"Breakpoint 2")
        x.send("Up", "Up")
        x.wait(r"(?m)^.xferdb. break part_start 2, attempt == 1")
        x.send("C-u", "quit", "Enter")
        x.wait(r"(?m)^DONE$")
        x.wait(r"EXIT=(0|130)\b") # no crash: the recording is not let go of under the screen
    with Tmux(command, 120, 40) as x:
        x.wait(r"0 prompt")
        x.wait(r"Breakpoint 1 at part_start 2")
        x.send("c")
        x.wait(r"part_start part=2")
        x.send("0", "break", "Enter")
        x.wait(r"stop only if attempt == 1")
        x.send("clear 1", "Enter")
        x.wait(r"Deleted breakpoint 1")
        x.send("quit", "Enter")
        x.wait(r"(?m)^DONE$")
        x.wait(r"EXIT=(0|130)\b") # no crash: the recording is not let go of under the screen
    with open(os.path.join(t.environment()["XDG_STATE_HOME"], "xferdb", "breakpoints")) as kept:
        t.equal(kept.read(), "")


def colours(x):
    """The colours that are set on the screen."""
    return set(re.findall(r"\x1b\[(?:\d+;)*(3[1-7]|9[0-7])(?=[;m])", x.do("capture-pane", "-p", "-e")))


def marks_and_colours(*cases):
    for args, variables, unicode, colour in cases:
        with Tmux(view(*args), **variables) as x:
            x.wait(r"1 timeline")
            x.wait(r"q quit")
            t.equal("▼" in x.shown(), unicode, (args, variables))
            t.equal(x.shown().isascii(), not unicode, (args, variables))
            t.equal(bool(colours(x)), colour, (args, variables, colours(x)))
            x.send("q")
            x.done(0)


def test_marks_and_colours_go_with_the_locale_and_the_terminal():
    console = {"TERM": "linux", "NCURSES_GPM_TERMS": "none"}     # curses loads libgpm there, which leaks
    marks_and_colours(((), {}, True, True), ((), {"LC_ALL": "C"}, False, True), ((), console, False, True),
                      ((), {"TERM": "vt100"}, False, False))


def test_no_colour_where_none_is_wanted():
    marks_and_colours(((), {"NO_COLOR": "1"}, True, False), ((), {"NO_COLOR": ""}, True, True), (("-C",), {}, True, False),
                      (("--theme", "mono"), {}, True, False))


def test_themes_and_marks_by_option():
    marks_and_colours((("--theme", "light"), {}, True, True), (("--theme", "colour-blind"), {}, True, True),
                      (("--no-unicode",), {}, False, True))


def test_a_dumb_terminal_is_refused_with_a_sentence():
    with Tmux(view(), TERM="dumb") as x:
        x.wait(r"no screen: the terminal is of an unknown kind")
        x.wait(r"EXIT=2")


def test_abort_and_bus_error_give_the_terminal_back():
    for number in (signal.SIGABRT, signal.SIGBUS):
        with Tmux("ulimit -c 0; " + view()) as x:
            x.wait(r"1 timeline")
            os.kill(pid_of(x), number)
            x.wait(r"(?m)^DONE$")
            t.equal(x.alternate(), "0 1 0", "alternate screen, cursor, mouse")


def test_without_the_mouse_the_terminal_keeps_it():
    with Tmux(view("--no-mouse")) as x:
        x.wait(r"1 timeline")
        t.equal(x.alternate(), "1 0 0")
        x.send("q")
        x.done(0)


def test_readonly_changes_nothing():
    path = t.make_file("file", 20 * t.MiB)
    with Tmux("%s debug --tui --readonly --no-rc put --local %s s3://bucket/key" % (t.XFERDB, path), 120, 40) as x:
        x.wait(r"live")
        for key in ("c", "s", "H", "B", "K"):
            x.send(key)
            x.wait(r"--readonly: the run is only watched")
            x.send("1")
            x.wait(r"q quit")
        x.send("q", "y")
        x.wait(r"(?m)^DONE$")


def test_without_a_terminal_it_says_so():
    r = t.xferdb("view", trace("upload"))
    t.equal(r.status, 2, r)
    t.match(r"no screen: there is no terminal", r.err)


if __name__ == "__main__":
    t.main()
