"""Expected screens: a recorded run, keys in, the picture out as text.

Each view has four pictures, expected/NAME-SIZE-MARKS.txt: 80x24 and 200x50, in UTF-8 and in
ASCII. T_UPDATE=1 writes them anew; look at what changed before you commit it.
"""
import os
import re
import subprocess

import t

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ("80x24", "200x50")
MARKS = (("utf8", ()), ("ascii", ("--no-unicode",)))


def trace(name):
    path = os.path.join(t.tmp(), name + ".xft")
    if not os.path.exists(path):
        tool = os.path.join(t.BUILD, "tests", "write_trace")
        subprocess.run([tool, os.path.join(HERE, name + ".trace"), path], check=True)
    return path


def picture(*args, size="80x24", keys="", marks=()):
    r = t.xferdb("view", *args, "--snapshot", "--screen-size", size, *(("--keys", keys) if keys else ()), *marks,
                 env=dict(t.environment(), LC_ALL="C.UTF-8"))
    t.equal(r.status, 0, r)
    return r.out


def expect(name, *args, keys=""):
    for size in SIZES:
        for word, marks in MARKS:
            got = picture(*args, size=size, keys=keys, marks=marks)
            columns, rows = map(int, size.split("x"))
            lines = got.split("\n")[:-1]
            t.equal(len(lines), rows)
            t.true(all(len(line) <= columns for line in lines), "a line is too long")
            if word == "ascii":
                t.true(got.isascii(), "not all is ASCII")
            path = os.path.join(HERE, "expected", "%s-%s-%s.txt" % (name, size, word))
            if os.environ.get("T_UPDATE"):
                with open(path, "w", encoding="utf-8") as out:
                    out.write(got)
            with open(path, encoding="utf-8") as wanted:
                t.equal(got, wanted.read(), "%s; keys: %s" % (os.path.basename(path), keys))


MIDDLE = ": at-time Space 30ms Enter "


def test_timeline():
    expect("timeline", trace("upload"))


def test_a_pause_in_the_middle_of_a_body_is_part_of_sending_it():
    lane = re.search(r"(?m)^request-1 +(.*)$", picture(trace("throttled"))).group(1)
    t.match(r"^.?\S?█+( part 1 )?█+\S?┈+━+", lane)
    for at, words in (("30ms", "part 1: sends"), ("70ms", "waits for"), ("90ms", "runs")):
        t.match(r"request-1 +\S %s" % words, picture(trace("throttled"), keys=": at-time Space %s Enter 2" % at))


def test_timeline_zoomed():
    expect("timeline-zoomed", trace("upload"), keys=MIDDLE + "] ] ]")


def test_threads():
    expect("threads", trace("upload"), keys=MIDDLE + "2 j j")


def test_semaphores():
    expect("semaphores", trace("upload"), keys=MIDDLE + "3")


def test_parts():
    expect("parts", trace("upload"), keys=MIDDLE + "4 l l")


def test_events():
    expect("events", trace("upload"), keys=MIDDLE + "5")


def test_events_filtered_and_searched():
    expect("events-filtered", trace("upload"), keys="g \\ thread=request-1,request-2 Enter / part_sent Enter n")


def test_the_whole_of_a_long_event():
    got = picture(trace("upload"), keys=": at-time Space 3ms Enter 5 w")
    t.match(r"multipart=true size_known=true", got.replace("\n", ""))


def test_join():
    expect("join", trace("upload"), keys=MIDDLE + "6")


def test_stack():
    expect("stack", trace("upload"), keys=MIDDLE + "1 j j 7")


def test_requests():
    expect("requests", trace("upload"), keys=": at-time Space 60ms Enter 8")


def test_evidence():
    expect("evidence", trace("upload"), keys="9 Right Right j")


def test_prompt():
    expect("prompt", trace("upload"), keys="0")


def test_help():
    expect("help", trace("upload"), keys="?")


def test_compare():
    expect("compare", trace("upload"), trace("witness"))


def test_the_header_has_a_word_and_a_mark_for_each_kind_of_answer():
    for name, word, mark in (("upload", "WAITS (proved)", "✔"), ("witness", "DOES NOT WAIT (seen)", "✘"),
                             ("luck", "by luck or by design: not proved", "≈"), ("hang", "HANGS", "■")):
        first = picture(trace(name)).split("\n")[0]
        t.true(first.startswith(mark + " "), first)
        t.true(word in first, first)


def test_a_hang_says_who_waits_for_whom():
    t.match(r"main waits for event 'done'", picture(trace("hang"), keys="6"))


def test_a_screen_that_is_too_small_says_so():
    for size in ("39x24", "80x11", "10x3", "1x1"):
        got = picture(trace("upload"), size=size)
        t.true("too small"[:int(size.split("x")[0])] in got, got)
        t.true("parts" not in got, got)


def test_keys_from_others_are_harmless():
    """The object key of these traces holds an escape sequence."""
    for keys in ("", "5", "6", "9"):
        t.true("\x1b" not in picture(trace("witness"), size="200x50", keys=keys))
    r = t.xferdb("view", trace("witness"), "--plain")
    t.equal(r.status, 0, r)
    t.true("\x1b" not in r.out and "evil?[31m" in r.out, r.out)


def test_time_travel_by_thread_object_part_and_zero():
    where = lambda keys: re.sub(r"^(\S+) #(\d+)/\d+ (\S+) (\S+).*", r"\1 \3 \4", picture(trace("upload"), keys=keys).split("\n")[3])
    t.equal(where(": at-time Space 1.05ms Enter"), "0.001000 main frame_enter")
    t.equal(where(": at-time Space 1.05ms Enter t t"), "0.001200 main sem_init")
    t.equal(where(": at-time Space 1.05ms Enter t t T"), "0.001100 main call_enter")

    t.match(r"^0\.0\d+ request-1 ", where(MIDDLE + "1 j j ."))
    t.match(r"^0\.0\d+ \S+ sem_", where(MIDDLE + "3 )"))
    t.match(r"^0\.0\d+ request-\d ", where(MIDDLE + "4 l }"))
    t.match(r"sem_(acquired|wait)$", where(": at-time Space 35ms Enter 3 z"))
    t.match(r" main call_return$", where("g C"))


def test_the_arrow_leads_to_the_waker_and_back():
    where = lambda keys: picture(trace("upload"), keys=keys).split("\n")[3]
    at = "/ event_woken Enter "
    t.match(r"main event_woken", where("g " + at))
    t.match(r"request-3 event_set done", where("g " + at + "a"))
    t.match(r"main event_woken", where("g " + at + "a a"))


def pane(title, *args, **kwargs):
    """The lines of a pane below its title, on a screen of its own."""
    lines = picture(*args, **kwargs).split("\n")
    first = next(i for i, line in enumerate(lines) if re.search(r"[-─] %s\b" % title, line))
    return lines[first:-2]


def names(lines):
    return [line.split()[0].strip("◆*") for line in lines[2:] if line.strip()]


def test_a_list_is_ordered_by_any_column_and_turned_around():
    at = ": at-time Space 60ms Enter 2 O "
    made = names(pane("2 threads", trace("upload"), keys=at))
    t.equal(made, ["main", "submit-1", "request-1", "request-2", "request-3"])
    by_name = pane("2 threads", trace("upload"), keys=at + ">")
    t.equal(names(by_name), ["main", "request-1", "request-2", "request-3", "submit-1"])
    t.match(r"thread▼", by_name[1])
    turned = pane("2 threads", trace("upload"), keys=at + "> I")
    t.equal(names(turned), list(reversed(names(by_name))))
    t.match(r"thread▲", turned[1])
    t.equal(names(pane("2 threads", trace("upload"), keys=at + ": sort Space state Enter")),
            names(pane("2 threads", trace("upload"), keys=at + "> >")))
    t.match(r"no column 'colour' here", picture(trace("upload"), keys=at + ": sort Space colour Enter"))
    by_total = pane("8 requests", trace("upload"), keys=": at-time Space 60ms Enter 8 O : sort Space total Enter")
    t.match(r"(?s)▼total.*28 ms.*22 ms.*19 ms.*3\.2 ms", "\n".join(by_total))


def test_a_list_is_filtered_by_any_column_with_alternatives_and_inverse():
    at = ": at-time Space 60ms Enter 2 O \\ "
    for words, left in (("request-1|request-3", ["request-1", "request-3"]), ("!thread=request*", ["main", "submit-1"]),
                        ("thread=*-1", ["submit-1", "request-1"]), ("SENDS", ["request-2", "request-3"]),
                        ("thread=request", []), ("!state=waits*|request-2", ["submit-1", "request-1", "request-3"])):
        got = pane("2 threads", trace("upload"), keys=at + words + " Enter")
        t.equal(names(got), left, words)
        t.match(r"filter: %s" % re.escape(words), got[0])
        t.match(r" threads: %s" % re.escape(words[:24]), picture(trace("upload"), keys=at + words + " Enter").split("\n")[-2])
    t.equal(names(pane("2 threads", trace("upload"), keys=at + "thread=request* Enter !")), ["main", "submit-1"])
    t.equal(len(names(pane("2 threads", trace("upload"), keys=at + "request Enter \\ C-u Enter"))), 5)
    t.match(r"open", "".join(pane("8 requests", trace("upload"), keys=": at-time Space 60ms Enter 8 O \\ HTTP=open Enter")))


def test_a_search_in_a_list_goes_from_match_to_match():
    where = lambda keys: re.search(r"(\d)/5", pane("2 threads", trace("upload"), keys="2 _ _ _ _ g / request Enter " + keys)[0])
    t.equal(where("").group(1), "3")
    t.equal(where("n").group(1), "4")
    t.equal(where("n n n").group(1), "3")
    t.equal(where("N").group(1), "5")


def test_lines_are_tagged_and_stay_so_in_another_order():
    got = pane("2 threads", trace("upload"), keys="2 O g j Space Space")
    t.equal([line.split()[0] for line in got[2:] if "◆" in line], ["◆submit-1", "◆request-1"])
    t.match(r"2 tagged", got[0])
    got = pane("2 threads", trace("upload"), keys="2 O g j Space Space > I")
    t.equal([line.split()[0] for line in got[2:] if "◆" in line], ["◆submit-1", "◆request-1"])
    t.true("tagged" not in pane("2 threads", trace("upload"), keys="2 O g j Space Space U")[0])


def test_the_bar_goes_with_the_pane():
    bar = lambda keys: picture(trace("upload"), size="200x50", keys=keys).split("\n")[-2]
    t.match(r"\] zoom", bar("1"))
    t.match(r"z zero", bar("3"))
    t.true("zoom" not in bar("3") and "z zero" not in bar("5"), bar("3"))
    for keys in "1234567890":
        t.match(r"^q quit  \? help  ", bar(keys))
    t.match(r"n again", bar("5"))


def test_home_and_end_in_a_list():
    where = lambda keys: re.search(r"(\d+)/5", pane("2 threads", trace("upload"), keys="2 _ _ _ _ " + keys)[0]).group(1)
    t.equal(where("G"), "5")
    t.equal(where("G g"), "1")
    t.equal(where("End Home j"), "2")


def test_esc_leads_back_from_where_enter_led():
    got = picture(trace("upload"), keys=MIDDLE + "2 j j Enter")
    t.match(r"run › request-1", got)
    t.match(r"7 stack", got)
    t.true("7 stack" not in picture(trace("upload"), keys=MIDDLE + "2 j j Enter Esc"))


def test_of_several_calls_each_can_be_looked_at():
    text = """thread 0 main
        @1000000 0 call_enter call=1 label=first
        @2000000 0 call_return call=1
        @3000000 0 call_enter call=2 label=second
        @4000000 0 submit transfer=0 call=2 bucket=b key=k op=PutObject
        @5000000 0 call_return call=2
        closed"""
    source = os.path.join(t.tmp(), "calls.trace")
    with open(source, "w") as out:
        out.write("\n".join(line.strip() for line in text.split("\n")) + "\n")
    path = os.path.join(t.tmp(), "calls.xft")
    subprocess.run([os.path.join(t.BUILD, "tests", "write_trace"), source, path], check=True)
    first = picture(path, keys="6", size="120x40")
    second = picture(path, keys="6 V", size="120x40")
    t.match(r"\(call 1 of 2\)", first)
    t.match(r"first on main entered at 0\.001000", first)
    t.match(r"V next call", first)
    t.match(r"\(call 2 of 2\)", second)
    t.match(r"second on main entered at 0\.003000", second)
    t.match(r"first on main", picture(path, keys="6 V V", size="120x40"))


def test_a_map_of_ten_thousand_parts_fits():
    text = ["thread 0 main", "0 call_enter call=1 label=put", "0 submit transfer=0 call=1 bucket=b key=k op=PutObject",
            "0 plan size=100000 part_size=10 transfer=0 parts=10000 multipart=true size_known=true"]
    text += ["0 part_queued bytes=10 transfer=0 part=%d" % (i + 1) for i in range(10000)]
    text += ["0 part_start bytes=10 transfer=0 part=7777 attempt=1", "0 part_start bytes=10 transfer=0 part=1 attempt=1", "closed"]
    source = os.path.join(t.tmp(), "many.trace")
    with open(source, "w") as out:
        out.write("\n".join(text) + "\n")
    path = os.path.join(t.tmp(), "many.xft")
    subprocess.run([os.path.join(t.BUILD, "tests", "write_trace"), source, path], check=True)
    got = picture(path, keys="4 O")
    t.match(r"(attempt|queued|took) \d\S*( [a-z]+)? +one mark: \d+ parts", got)      # no word is cut off by it
    t.true("▶" in got.split("5 ")[0], "the one part under way is to be seen")


def test_pictures_as_svg_are_xml_with_every_line():
    import xml.etree.ElementTree as tree
    path = os.path.join(t.tmp(), "picture.svg")
    r = t.xferdb("view", trace("upload"), "--snapshot=" + path, env=dict(t.environment(), LC_ALL="C.UTF-8"))
    t.equal(r.status, 0, r)
    text = "".join(tree.parse(path).getroot().itertext())
    for word in ("WAITS (proved)", "request-3", "timeline"):
        t.true(word in text, word)


def test_bindings_are_listed_and_can_be_changed():
    listed = t.xferdb("view", "--print-tui-binding-commands").out
    t.match(r"(?m)^q +quit ", listed)
    path = os.path.join(t.tmp(), "keys")
    with open(path, "w") as out:
        out.write(listed + "\nx none\ny zoom-fit\n? none\n")
    again = t.xferdb("view", "--keymap", path, "--print-tui-binding-commands").out
    t.match(r"(?m)^y +zoom-fit ", again)
    got = picture(trace("upload"), "--keymap", path, keys="?")
    t.match(r"'\?' does nothing here", got)
    with open(path, "w") as out:
        out.write("q quit\nFoo quit\n")
    r = t.xferdb("view", "--keymap", path, "--print-tui-binding-commands")
    t.equal(r.status, 2, r)
    t.match(r"line 2: 'Foo' is no key", r.err)
    for bad, words in ((path, r"line 2: 'Foo' is no key"), (path + "-not-there", r"cannot be read")):
        r = t.xferdb("view", trace("upload"), "--keymap", bad, "--snapshot")
        t.equal((r.status, r.out), (2, ""), r)
        t.match(words, r.err)


def test_plain_tells_the_run_in_sentences():
    r = t.xferdb("view", trace("upload"), "--plain")
    t.equal(r.status, 0, r)
    t.true(r.out.isascii(), r.out)
    for sentence in ("main calls upload_file.", "main waits for event done.", "request-2 takes up part 2, attempt 2.",
                     "part 2 failed (SlowDown) and is tried again in 15.0 ms.", "[+] WAITS (proved)"):
        t.true(sentence in r.out, sentence)


def test_plain_tells_a_timer_that_is_set_from_one_that_is_stopped():
    text = "thread 0 main\n0 timer due_ns=30000000000 why=alarm\n0 timer why=alarm\nclosed\n"
    source, path = os.path.join(t.tmp(), "timer.trace"), os.path.join(t.tmp(), "timer.xft")
    with open(source, "w") as out:
        out.write(text)
    subprocess.run([os.path.join(t.BUILD, "tests", "write_trace"), source, path], check=True)
    said = [line.split(": ")[1] for line in t.xferdb("view", path, "--plain").out.split("\n") if "signal" in line]
    t.equal(said, ["a signal is to come in 30.00 s (alarm).", "that signal is not to come any more (alarm)."])


def test_lists_as_tables_without_a_screen():
    import csv
    import io
    import json
    path = trace("upload")
    mode = lambda *args: t.xferdb("view", path, "--mode", *args, env=dict(t.environment(), LC_ALL="C.UTF-8"))
    r = mode("json")
    t.equal(r.status, 0, r)
    got = json.loads(r.out)
    t.equal(list(got), ["verdict", "threads", "semaphores", "parts", "requests"])
    t.match(r"^WAITS .proved.: ", got["verdict"])
    t.equal(got["parts"][1], {"number": 2, "state": "done", "attempts": 2, "took_ns": 59700000, "thread": "request-2"})
    t.equal([x["name"] for x in got["semaphores"]], ["request", "request tasks", "done"])
    rows = list(csv.reader(io.StringIO(mode("csv").out)))
    parts = [row for row in rows if row[0] == "parts"]
    t.equal([row[1:] for row in parts], [[str(v) for v in x.values()] for x in got["parts"]])
    t.equal(rows[0], ["list", "number", "thread", "state", "since_ns", "busy_ns", "waited_ns"])
    text = mode("markdown").out
    t.match(r"(?m)^\| 2 \| done \| 2 \| 60 ms \| request-2 \|$", text)
    t.match(r"(?m)^  4 +request-3 +ended ", mode("pretty").out)
    t.match(r"(?m)^  2 +backing off +1 ", mode("pretty", "--keys", ": at-time Space 40ms Enter").out)
    t.match(r"(?s)^WAITS.*\nthreads\n", mode("pretty", "--keys", "2 > I").out)
    t.equal(mode("xml").status, 2)
    for word in ("pretty", "markdown"):
        r = t.xferdb("view", trace("witness"), "--mode", word)
        t.true("\x1b" not in r.out, r.out)


def test_a_bad_size_or_file_is_refused():
    r = t.xferdb("view", trace("upload"), "--snapshot", "--screen-size", "80")
    t.equal(r.status, 2, r)
    r = t.xferdb("view", "/nonexistent.xft", "--snapshot")
    t.equal(r.status, 2, r)


if __name__ == "__main__":
    t.main()
