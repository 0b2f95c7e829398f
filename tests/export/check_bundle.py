#!/usr/bin/env python3
"""Re-derives the verdicts of an evidence bundle (docs/bundle.md) from its events alone. Standard library only.

    check_bundle.py FILE        exit status 0: every verdict follows; 1: it does not, or the file was changed

Shares no code with xferdb: what is checked here is written from docs/bundle.md and docs/verdict.md.
"""
import hashlib
import json
import re
import sys

PART_ENDS = ("part_done", "part_failed", "part_skipped")
ACQUIRED = ("at-once", "woken")


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


def unique(pairs):
    need(len({k for k, _ in pairs}) == len(pairs), "a key stands twice")
    return dict(pairs)


class Bundle:
    def __init__(self, data):
        body, last = self.split(data)
        need(last == b'{"sha256":"%s"}\n' % hashlib.sha256(body).hexdigest().encode(), "the digest does not fit")
        lines = body.decode("utf-8").split("\n")[:-1]
        rows = [json.loads(line, object_pairs_hook=unique) for line in lines]
        self.head = rows[0]
        need(self.head.get("bundle") == 2, "not a bundle of version 2")
        self.threads, self.objects, self.events, self.edges, self.verdicts = {}, {}, {}, [], []
        self.idle = []  # edges that carry nothing, of waits with a limit
        self.untils, self.gifts = {}, None
        self.writes = {}  # of a read: the writes whose bytes it read
        before = -1
        kinds = [self.kind(row) for row in rows]
        need(kinds == sorted(kinds) and kinds.count(0) == 1, "lines out of order")
        for row in rows[1:]:
            if "seq" in row:
                need(before < row["seq"] < self.head["events"], "events out of order")
                before = row["seq"]
                self.events[row["seq"]] = row
            elif "edge" in row:
                (self.edges if row.get("carries", True) else self.idle).append(row)
                if row["edge"] == "bytes":
                    self.writes.setdefault(row["to"], []).append(row["from"])
            elif "answer" in row:
                self.verdicts.append(row)
            elif "thread" in row:
                need(row["thread"] not in self.threads, "a thread stands twice")
                self.threads[row["thread"]] = row
            else:
                need(row["object"] not in self.objects, "an object stands twice")
                self.objects[row["object"]] = row
        need(self.verdicts, "no verdict")
        times = {}
        for e in self.events.values():
            need(e["on"] in self.threads, "an event on an unknown thread")
            need(e["of"] is None or e["of"] in self.objects, "an event of an unknown object")
            t = self.threads[e["on"]]
            need(t["first"] <= e["seq"] <= t["last"], "an event outside its thread's life")
            times[e["on"]] = e["seq"]

    @staticmethod
    def kind(row):
        """Which kind of line it is, by the keys it has, as a place in their order."""
        for place, keys in enumerate((("bundle",), ("thread", "process"), ("object", "kind"), ("seq", "event"), ("edge", "from"), ("answer", "enter"))):
            if all(key in row for key in keys):
                return place
        raise Wrong("a line of no known kind")

    @staticmethod
    def split(data):
        need(data.endswith(b"\n") and data.count(b"\n") > 2, "cut")
        at = data.rfind(b"\n", 0, len(data) - 1) + 1
        need(re.fullmatch(rb'\{"sha256":"[0-9a-f]{64}"\}\n', data[at:]), "no digest")
        return data[:at], data[at:]

    # ---- edges: each must be one by the rule of its kind

    def history(self, event):
        return [e for e in self.events.values() if e["of"] is not None and e["of"] == event["of"]]

    def rule_start(self, f, t):
        return f["event"] == "thread_create" and f["id"] == t["on"] and t["seq"] == self.threads[t["on"]]["first"]

    def rule_join(self, f, t):
        return f["event"] == "thread_exit" and t["event"] == "join_end" and t["id"] == f["on"] and t["how"] in ACQUIRED

    def rule_set(self, f, t):
        return (f["event"] == "event_set" and t["event"] == "event_woken" and f["of"] is not None
                and f["of"] == t["of"] and t["how"] in ACQUIRED)

    def rule_item(self, f, t):
        return (f["event"] == "queue_put" and t["event"] == "queue_get" and f["of"] is not None
                and f["of"] == t["of"] and f["item"] == t["item"] and t["how"] in ACQUIRED)

    def rule_condition(self, f, t):
        if not (f["event"] == "cond_signal" and t["event"] == "cond_woken" and f["of"] == t["of"] and t["how"] == "woken"):
            return False
        waits = [e for e in self.history(t) if e["event"] == "cond_wait" and e["on"] == t["on"] and e["seq"] < t["seq"]]
        return bool(waits) and waits[-1]["seq"] < f["seq"]

    def rule_semaphore(self, f, t):
        if not (f["event"] == "sem_post" and t["event"] == "sem_acquired" and f["of"] == t["of"] and t["how"] in ACQUIRED):
            return False
        if self.objects.get(f["of"], {}).get("class") in ("permit", "lock"):
            return False
        past = [e for e in self.history(t) if e["seq"] <= t["seq"]]
        acquired = [e for e in past if e["event"] == "sem_acquired" and e["how"] in (*ACQUIRED, "asked")]
        posts = [e for e in past if e["event"] == "sem_post"]
        start = [e["value"] for e in past if e["event"] == "sem_init"]
        if not start:  # the value had been zero, by the sleep: the last post before it
            return t["how"] == "woken" and posts and posts[-1]["seq"] == f["seq"]
        if len({e["on"] for e in acquired}) == 1:
            return len(acquired) == start[0] + len(posts)
        return len(acquired) == start[0] + len(posts) and posts[-1]["seq"] == f["seq"] and (
            len(acquired) < 2 or acquired[-2]["on"] != f["on"])

    def rule_process(self, f, t):
        return f["event"] == "process_exit" and t["event"] == "process_wait" and f["pid"] == t["pid"]

    @staticmethod
    def found(f, t):
        """It had ended as the wait for it began."""
        return f["t_ns"] < t["t_ns"] - t["waited_ns"]

    def rule_fork(self, f, t):
        return f["event"] == "fork" and t["event"] == "process_start" and f["child"] == t["pid"]

    def rule_bytes(self, f, t):
        return (f["event"] == "fd_write" and t["event"] == "fd_read" and f["inode"] == t["inode"]
                and f["position"] < t["position"] + t["bytes"] and t["position"] < f["position"] + max(f["bytes"], 1)
                and not any(e["event"] == "fd_read" and e["inode"] == f["inode"] and e["on"] == f["on"] and e["seq"] < f["seq"]
                            for e in self.events.values()))

    def rule_lifelong(self, f, t):
        names = (f["event"], t["event"])
        known = self.objects.get(f["of"], {}).get("class") in ("permit", "lock")
        return (names in (("mutex_unlock", "mutex_lock"), ("sem_post", "sem_acquired")) and not known
                and f["of"] is not None and f["of"] == t["of"] and t["how"] in ACQUIRED)

    def rule_data(self, f, t):
        return (f["event"] == "part_done" and t["event"] == "multipart_complete" and f["transfer"] == t["transfer"]
                and bool(f["etag"]) and not t["skipped"])

    WAITS = {"event_woken": "event_wait", "queue_get": "queue_wait", "join_end": "join_begin", "cond_woken": "cond_wait",
             "sem_acquired": "sem_wait", "mutex_lock": "mutex_wait"}

    def is_wait(self, wait, t):
        """The last of its thread for that object, or that thread's end, before it was over; of a child, where it lay for that."""
        if t["event"] == "process_wait":
            return wait["event"] in ("poll", "sleep") and wait["on"] == t["on"] and wait["seq"] < t["seq"]
        same = [e for e in self.events.values() if e["event"] == self.WAITS.get(t["event"]) and e["on"] == t["on"]
                and e["seq"] < t["seq"] and e["of"] == t["of"] and e.get("id") == t.get("id")]
        return bool(same) and same[-1] is wait

    def check_edges(self):
        for edge in self.edges + self.idle:
            f, t = self.events.get(edge["from"]), self.events.get(edge["to"])
            need(f and t, "an edge without its events")
            need(f["seq"] < t["seq"], "an edge backwards")
            rule = getattr(self, "rule_" + edge["edge"], None)
            need(rule is not None and rule(f, t), "no %s edge: %d to %d" % (edge["edge"], f["seq"], t["seq"]))
            wait = self.events.get(edge["wait"]) if edge["wait"] is not None else None
            need(edge["wait"] is None or (wait and self.is_wait(wait, t)), "an edge without its wait")
            need(f["of"] is None or edge in self.idle or self.objects[f["of"]]["class"] not in ("permit", "lock"), "an edge of a permit or a lock")
            limited = bool(wait and wait.get("limit_ns"))
            if edge["edge"] == "process":
                need(edge["timed"] or not (t["asked"] and (self.found(f, t) or not t["waited_ns"])), "a child that was only asked for")
                limited = wait is not None
            need(edge["timed"] == limited, "an edge's limit is not its wait's")
            need(edge not in self.idle or (edge["edge"] == "condition" and limited), "an edge that tells nothing")
            if "until" in edge:
                again = self.events.get(edge["until"])
                need(again and again["on"] == t["on"] and again["seq"] > t["seq"] and again["event"] in ("cond_wait", "sem_wait"),
                     "an edge until something that is no wait")
            if "rival" in edge:
                rival = self.events.get(edge["rival"])
                need(rival and rival["seq"] > f["seq"] and rival["on"] not in (f["on"], t["on"]) and rival["event"] in ("cond_signal", "sem_post", "fd_write"),
                     "a rival that gives nothing")

    # ---- the past of an event: for each thread, how far it is known

    def past(self, to, edges):
        return self.known(to, edges, self.until)

    def known(self, to, edges, until):
        points = self.points(to, edges, until)
        return {thread: max(of) for thread, of in points.items()}

    def points(self, to, edges, until):
        """By thread, from where it is left: by an edge that counts, or for `to`. until: where on its reader's thread a bytes edge
        stops to carry."""
        points, joined = {self.events[to]["on"]: [to]}, {self.events[to]["on"]}
        for edge in sorted(edges, key=lambda e: (-e["to"], -e["from"])):
            on, giver = self.events[edge["to"]]["on"], self.events[edge["from"]]["on"]
            mine, ends = points.get(on, []), [until(edge)]
            if until == self.until and on not in joined:
                ends.append(self.given_by_others(self.events[edge["to"]]))
            ends = [end for end in ends if end is not None and end < self.head["events"]]
            if any(edge["to"] <= point < end for point in mine for end in [min(ends)]) if ends else max(mine, default=-1) >= edge["to"]:
                points.setdefault(giver, []).append(edge["from"])
                if edge["edge"] in ("join", "lifelong"):
                    joined.add(giver)
        return points

    def given_by_others(self, event):
        """Where the event's thread was given something in a wait that it began since, by none that it made, nor that those made."""
        if self.gifts is None:
            on = {seq: e["on"] for seq, e in self.events.items()}
            maker = {on[e["to"]]: on[e["from"]] for e in self.edges if e["edge"] == "start"}
            joins = {(on[e["to"]], on[e["from"]]) for e in self.edges if e["edge"] == "join"}

            def made(thread, other):
                while other is not None and other != thread:
                    other = maker.get(other)
                return other == thread
            self.gifts = {}
            for e in self.edges:
                if e["edge"] in ("semaphore", "condition") and e["wait"] is not None:
                    to, giver = on[e["to"]], on[e["from"]]
                    if (to, giver) not in joins and not made(to, giver):
                        self.gifts.setdefault(to, []).append((e["to"], e["wait"]))
            for e in self.jobs():
                self.gifts.setdefault(e["on"], []).append((e["seq"], e["seq"]))
        return min((to for to, wait in self.gifts.get(event["on"], []) if wait >= event["seq"]), default=None)

    def jobs(self):
        """Where a thread of a Python executor begins a job."""
        return [e for e in self.events.values() if e["event"] == "queue_get" and not e["item"] and self.objects[e["of"]]["class"] == "none"]

    def until(self, edge):
        """Of a bytes edge to a thread that had polled: where that had lain down 1 ms since, or other news. None: for ever."""
        if edge["edge"] == "process" and self.events[edge["to"]]["any"] and not edge["timed"]:
            on = self.events[edge["to"]]["on"]
            return min([e["seq"] for e in self.events.values() if e["event"] == "process_wait" and e["on"] == on
                        and e["seq"] > edge["to"] and (not e["asked"] or e["waited_ns"] >= 1000000)], default=None)
        if edge["edge"] == "process":
            wait = self.events[edge["to"]]
            looped = any(e["event"] == "poll" and e["epoll"] and e["seq"] < wait["seq"] for e in self.rests(wait["on"]))
            return self.turns(wait) if looped and not edge["timed"] and self.found(self.events[edge["from"]], wait) else None
        if "rival" in edge:
            return edge["to"]
        if edge["edge"] in ("condition", "semaphore"):
            return edge.get("until")
        if edge["edge"] != "bytes":
            return None
        read, write = self.events[edge["to"]], self.events[edge["from"]]
        polls = [e for e in self.rests(read["on"]) if e["event"] == "poll" and e["seq"] < read["seq"]]
        if not polls:
            return min((e["seq"] for e in self.events.values() if e["event"] == "fd_read" and e["on"] == read["on"]
                        and e["inode"] == read["inode"] and e["seq"] > read["seq"]), default=None)
        if not self.lay_there(polls[-1], write) or any(self.events[w]["on"] != write["on"] for w in self.writes[read["seq"]]):
            return edge["to"]
        if edge["to"] not in self.untils:
            self.untils[edge["to"]] = self.turns(read)
        return self.untils[edge["to"]]

    @staticmethod
    def lay_there(poll, write):
        """It was going on when the bytes were written."""
        return write["seq"] < poll["seq"] and write["t_ns"] >= poll["t_ns"] - poll["waited_ns"]

    def rests(self, thread):
        return [e for e in self.events.values() if e["on"] == thread and e["event"] in ("poll", "sleep")]

    def lies_down(self, event):
        """The poll or sleep by which the event's thread had lain down 1 ms since."""
        lay = 0
        for e in self.rests(event["on"]):
            lay += (e["waited_ns"] if e["event"] == "poll" else e["slept_ns"]) if e["seq"] > event["seq"] else 0
            if lay >= 1000000:
                return e["seq"]
        return None

    def drivers(self):
        """Threads that had several requests under way at once."""
        found, open_, under_way = set(), {}, {}
        for e in self.events.values():
            key = (self.process(e), e.get("request"))
            if e["event"] == "request_start":
                open_[key] = e["on"]
                under_way[e["on"]] = under_way.get(e["on"], 0) + 1
                if under_way[e["on"]] > 1:
                    found.add(e["on"])
            elif e["event"] == "response" and key in open_:
                under_way[open_.pop(key)] -= 1
        return found

    def loops_woken(self, ret):
        """Threads, other than the returning one, that had polled and then read bytes of others."""
        to = [self.events[e["to"]] for e in self.edges if e["edge"] == "bytes" and e["to"] < ret["seq"]]
        return {t["on"] for t in to if t["on"] != ret["on"] and
                any(e["event"] == "poll" and e["seq"] < t["seq"] for e in self.rests(t["on"]))}

    def turns(self, event):
        """Where the event's thread had lain down since, or other news: an answer, others' bytes."""
        news = [e["seq"] for e in self.events.values() if e["on"] == event["on"] and e["seq"] > event["seq"] and (
            e["event"] == "response" or any(self.events[w]["on"] != e["on"] for w in self.writes.get(e["seq"], [])))]
        ends = news[:1] + [self.lies_down(event), self.timer(event)]
        return min((seq for seq in ends if seq is not None), default=None)

    def timer(self, event):
        """The first event of the thread since, at which a timer of its loop was due: the limit of the last epoll that might wait."""
        due = None
        for e in self.events.values():
            if e["on"] != event["on"]:
                continue
            if e["seq"] > event["seq"] and due is not None and e["t_ns"] >= due:
                return e["seq"]
            if e["event"] == "poll" and e["epoll"] and e["limit_ns"] != 1:
                due = e["t_ns"] - e["waited_ns"] + e["limit_ns"] if e["limit_ns"] else None
        return None

    def led_on(self, event, points):
        end = self.turns(event)
        return any(event["seq"] <= point and (end is None or point < end) for point in points.get(event["on"], []))

    def event_loops(self, ret):
        """Threads that had lain in epoll."""
        return {e["on"] for e in self.events.values() if e["event"] == "poll" and e["epoll"] and e["seq"] <= ret["seq"]}

    def next_answer(self, event):
        """To the request that the event's thread began next, before it turned away."""
        end = self.turns(event)
        for e in self.events.values():
            if e["event"] == "request_start" and e["on"] == event["on"] and e["seq"] > event["seq"]:
                if end is not None and e["seq"] >= end:
                    return None
                return next((a for a in self.events.values() if a["event"] == "response" and a["seq"] > e["seq"]
                             and a["request"] == e["request"] and self.process(a) == self.process(e)), None)
        return None

    def led_on_by_requests(self, event, points, ret):
        while event and event["seq"] <= ret["seq"]:
            if self.led_on(event, points):
                return True
            event = self.next_answer(event)
        return False

    def given(self, event):
        """Where the event's thread was given something else to do, in a wait that it began since, by one that it does not join."""
        on = {seq: e["on"] for seq, e in self.events.items()}
        joined = {on[e["from"]] for e in self.edges if e["edge"] == "join" and on[e["to"]] == event["on"]}
        return min([e["to"] for e in self.edges if e["edge"] in ("semaphore", "condition") and e["wait"] is not None and
                    on[e["to"]] == event["on"] and e["wait"] >= event["seq"] and on[e["from"]] not in joined] +
                   [e["seq"] for e in self.jobs() if e["on"] == event["on"] and e["seq"] >= event["seq"]], default=None)

    def worker_led_on(self, event, points, ret):
        end = self.given(event)
        if end is None or end >= ret["seq"] or event["on"] == ret["on"]:
            return True
        mine = points.get(event["on"], [])
        return any(event["seq"] <= point < end for point in mine) or any(
            e["edge"] in ("join", "lifelong") and e["from"] in mine for e in self.edges)

    def ordered(self, ends, ret):
        """Those in the past of the return, as far as a thread that drives several requests shows it."""
        known, points = self.past(ret["seq"], self.edges), self.points(ret["seq"], self.edges, self.until)
        drivers, loops = self.drivers() | self.loops_woken(ret), self.event_loops(ret)
        known = [e for e in ends if e and e["seq"] < ret["seq"] and known.get(e["on"], -1) >= e["seq"]]
        sure = [e for e in known if self.worker_led_on(e, points, ret) and (self.led_on(e, points) if e["on"] in drivers else
                                     e["on"] not in loops or self.led_on_by_requests(e, points, ret))]
        named = {(self.process(e), e["transfer"]) for e in sure if e["event"] == "multipart_complete"}
        return [e for e in known if e in sure or e["event"] == "multipart_create" and (self.process(e), e["transfer"]) in named]

    # ---- the work of a call

    def calls(self):
        return [e for e in self.events.values() if e["event"] == "call_enter"]

    def returned(self, enter):
        for e in self.events.values():
            if e["event"] != "call_return" or e["seq"] < enter["seq"] or e["call"] != enter["call"]:
                continue
            begun = [b for b in self.events.values() if b["event"] == "call_enter" and b["call"] == e["call"]
                     and b["on"] == e["on"] and b["seq"] < e["seq"]]
            if begun[-1]["seq"] == enter["seq"] if begun else self.process(e) == self.process(enter) or 0 in (self.process(e), self.process(enter)):
                return e
        return None

    def process(self, event):
        return event.get("in", self.threads[event["on"]]["process"])

    def of_transfer(self, submit):
        return [e for e in self.events.values() if "transfer" in e and e["transfer"] == submit["transfer"]
                and self.process(e) == self.process(submit)]

    def about(self, submit):
        """The same, without gets of what was uploaded: they are no work of the upload."""
        return [e for e in self.of_transfer(submit) if e["event"] != "object_get" or submit["op"] == "GetObject"]

    # ---- which calls are judged, and what they are asked for

    @staticmethod
    def implicit(enter):
        return bool(enter["flags"] & 1)

    @staticmethod
    def whole_process(enter):
        return enter["label"] == "exit"

    def judged(self):
        named = [e for e in self.calls() if not self.implicit(e)]
        return [e for e in self.calls() if not self.implicit(e) or not named or any(n["on"] != e["on"] for n in named)]

    def before(self, a, b):
        return a < b and self.known(b, self.edges, lambda edge: None).get(self.events[a]["on"], -1) >= a

    def open_at(self, enter, seq):
        ret = self.returned(enter)
        return enter["seq"] <= seq and (ret is None or seq <= ret["seq"])

    def owner(self, submit):
        """The call it was submitted in; None: it does not say, and nothing shows."""
        if submit["call"]:
            own = [e for e in self.calls() if self.process(e) == self.process(submit) and e["call"] == submit["call"]
                   and e["seq"] <= submit["seq"]]
        else:
            own = [e for e in self.calls() if not self.whole_process(e) and self.before(e["seq"], submit["seq"])
                   and not self.over_before(e, submit)]
        return own[-1] if own else None

    def over_before(self, enter, submit):
        ret = self.returned(enter)
        return ret is not None and self.before(ret["seq"], submit["seq"])

    def outer(self, inner):
        around = [e for e in self.calls() if e["seq"] < inner["seq"] and self.open_at(e, inner["seq"])
                  and (e["on"] == inner["on"] or self.before(e["seq"], inner["seq"]))]
        return around[-1] if around else None

    def unseen_child(self, enter, submit):
        """Its process is a child of the call's, and nothing shows how that made it."""
        starts = [e for e in self.events.values() if e["event"] == "process_start" and self.process(e) == self.process(submit)]
        return bool(starts) and starts[0]["parent"] == self.threads[enter["on"]]["pid"] != 0 and \
            not any(e["to"] == starts[0]["seq"] for e in self.edges)

    def is_of_process(self, enter, submit):
        process = self.process(submit)
        return not process or self.owner(submit) is None and (process == self.process(enter) or self.unseen_child(enter, submit))

    def belongs(self, enter, submit):
        if self.whole_process(enter):
            return enter["seq"] <= submit["seq"]
        call = self.owner(submit)
        if call is None:
            return self.is_of_process(enter, submit) and self.open_at(enter, submit["seq"])
        while call is not None and call is not enter:
            call = self.outer(call)
        return call is enter

    def afterwards(self, enter, submit):
        ret = self.returned(enter)
        if self.whole_process(enter) or ret is None or submit["seq"] < ret["seq"]:
            return False
        process = self.process(submit)
        if not self.is_of_process(enter, submit):
            return False
        between = [e for e in self.calls() if not self.whole_process(e) and enter["seq"] < e["seq"] < submit["seq"]]
        earlier = [s for s in self.submits() if s["seq"] < submit["seq"]]
        others = [s for s in earlier if process and self.process(s) == process]
        return not (between or any(s["seq"] > enter["seq"] for s in earlier) or
                    others and not self.before(enter["seq"], submit["seq"]))

    def submits(self):
        return [e for e in self.events.values() if e["event"] == "submit"]

    def own(self, enter):
        return ([s for s in self.submits() if self.belongs(enter, s)] or
                [s for s in self.submits() if self.carried(enter, s)] or
                [s for s in self.submits() if self.afterwards(enter, s)])

    # ---- an upload that had begun before the call

    def known_from(self, event):
        """From where on each thread knows of an event."""
        reached = {event["on"]: event["seq"]} if event else {}
        for edge in sorted(self.edges, key=lambda e: e["to"]):
            giver, taker = self.events[edge["from"]]["on"], self.events[edge["to"]]["on"]
            if giver in reached and edge["from"] >= reached[giver]:
                reached[taker] = min(reached.get(taker, edge["to"]), edge["to"])
        return reached

    def carried(self, enter, submit):
        """The parts, and 0 for Complete, that began in the call."""
        ret = self.returned(enter)
        mine = self.of_transfer(submit)
        over = [e["seq"] for e in mine if e["event"] == "multipart_abort" or
                e["event"] in ("object_put", "multipart_complete") and not e["failed"] and not e.get("skipped")]
        if (self.whole_process(enter) or submit["seq"] >= enter["seq"] or any(seq < enter["seq"] for seq in over[-1:])
                or any(self.belongs(e, submit) for e in self.calls() if not self.whole_process(e))):
            return []
        begun = [e for e in mine if e["seq"] > enter["seq"] and (
            e["event"] == "part_start" and e["attempt"] <= 1 or
            e["event"] == "request_start" and e["op"] == "CompleteMultipartUpload" and e["attempt"] <= 1)]
        if not self.process(submit):
            return [e.get("part", 0) for e in begun if ret is None or e["seq"] < ret["seq"]]
        after, behind = self.known_from(enter), self.known_from(ret)
        return [e["part"] for e in begun if e["seq"] >= after.get(e["on"], e["seq"] + 1)
                and e["seq"] < behind.get(e["on"], e["seq"] + 1)]

    # ---- an object that the server had shown before the return

    def there(self, enter, submit):
        ret = self.returned(enter)
        process, transfer = self.process(submit), submit["transfer"]
        mine = self.of_transfer(submit)
        etags = [e["etag"] for e in mine if e["event"] in ("multipart_complete", "object_put")]
        done = [e for e in mine if e["event"] in ("multipart_complete", "object_put") and not e["failed"] and not e["skipped"]]
        if ret is None or any(e["seq"] < ret["seq"] for e in done[-1:]):
            return False
        request = listed = sent_ns = None
        sent = absent = False
        for e in self.events.values():
            if not submit["seq"] <= e["seq"] < ret["seq"]:
                continue
            name = (self.process(e), e.get("request"))
            if e["event"] == "request_start" and e["transfer"] == transfer and e["op"] in (
                    "CompleteMultipartUpload", "PutObject", "CopyObject"):
                request, sent, sent_ns = name, False, self.sent_since(e)
            elif e["event"] == "request_start" and e["op"] == "ListObjects":
                listed = name
            elif e["event"] == "body_sent":
                sent = sent or name == request
            elif e["event"] == "response" and (sent or sent_ns is not None and e["t_ns"] >= sent_ns) and listed and name == listed and e["status"] == 0:
                return True
            elif e["event"] in ("object_head", "object_get") and e["transfer"] == transfer and not e.get("verify"):
                absent = absent or e["http_status"] == 404
                known = etags[-1:] and etags[-1] and e["etag"]
                gone = sent or sent_ns is not None and e["t_ns"] >= sent_ns
                if not e["failed"] and (gone or absent) and (etags[-1] == e["etag"] if known else absent):
                    return True
        return False

    def sent_since(self, start):
        """When the last bytes of the request that begins there were given away; None: they were not, or elsewhere."""
        for e in self.events.values():
            if (e["event"] == "body_sent" and e["seq"] > start["seq"] and e["on"] == start["on"]
                    and self.process(e) == self.process(start) and e["request"] == start["request"]):
                return e["t_ns"] - e["going_ns"]
        return None

    # ---- an upload of which nothing was sent

    def unsent(self, enter):
        ret = self.returned(enter)
        if (self.head["missed"] != 0 or self.head["lost"] or self.whole_process(enter)
                or not ("upload" in enter["label"] or "put_object" in enter["label"])
                or any(self.belongs(enter, s) for s in self.submits())):
            return False
        if ret is None:
            return self.head["ended"]
        if not ret["error"] and not ret["result"]:
            return True
        return self.threads[enter["on"]]["name"] != "main" and self.exit_status(enter) == 0

    def exit_status(self, enter):
        for e in self.calls():
            ret = self.returned(e)
            if self.whole_process(e) and self.process(e) == self.process(enter) and ret:
                return ret["result"]
        ends = [e for e in self.events.values() if e["event"] == "process_exit" and self.process(e) in (self.process(enter), 0)]
        return ends[-1]["exit_status"] if ends else -1

    def never_sent(self, enter):
        if self.whole_process(enter) and self.returned(enter):
            return any(self.unsent(e) for e in self.calls() if e["seq"] > enter["seq"])
        return self.unsent(enter)

    def work(self, enter):
        """The event that ended each item, None for one that never did; in no order. And parts: (number, end)."""
        ends, parts = [], []
        submits = self.own(enter)
        for submit in submits:
            mine, numbered = self.work_of(enter, submit)
            if None in mine:  # what has no end of its own ended as its process was killed
                killed = self.killed_at(submit)
                mine = [killed if end is None else end for end in mine]
                numbered = [(number, killed if end is None else end) for number, end in numbered]
            ends += mine
            parts += numbered
        return ends, parts, len(submits)

    def work_of(self, enter, submit):
        ends, parts = [], []
        mine = self.about(submit)
        kinds = {}
        for e in mine:
            kinds[e["event"]] = e
        begun = [] if self.belongs(enter, submit) else self.carried(enter, submit)
        for number in begun:
            done = [e for e in mine if e["event"] in PART_ENDS and e["part"] == number and number]
            done = [e for e in done if e["event"] == "part_done"][:1] or done
            end = done[-1] if done else kinds.get("multipart_complete") if not number else None
            ends.append(end)
            parts += [(number, end)] if number else []
        if begun:
            return ends, parts
        multipart = self.multipart(mine)
        settled = self.settled(mine)
        seen = {}
        for e in mine:
            if e["event"] in ("part_queued", "part_start") + PART_ENDS and e["part"]:
                end = seen.setdefault(e["part"], None)
                if e["event"] in PART_ENDS and not (end and end["event"] == "part_done"):
                    seen[e["part"]] = e
        planned = kinds["plan"]["parts"] if "plan" in kinds else 0
        if not settled and len(seen) < planned:
            for n in range(1, min(planned, 10000) + 1):
                seen.setdefault(n, None)
        for number, end in seen.items():
            parts.append((number, end))
            ends.append(end)
        for kind, wanted in (("multipart_create", multipart and not settled), ("multipart_complete", multipart and not settled),
                             ("object_put", "plan" in kinds and not multipart and not settled and submit["op"] != "GetObject"),
                             ("object_get", False)):
            if kind in kinds or wanted:
                ends.append(kinds.get(kind))
        if self.given_up_later(enter, mine, kinds):
            ends.append(kinds["multipart_abort"])
        if not ends and not settled:
            ends.append(None)
        return ends, parts

    def killed_at(self, submit):
        """Where the process that submitted it died by a signal: of that one's end knows who reaped it, where the exit knows of none."""
        thread = self.threads[submit["on"]]
        exits = [e for e in self.events.values() if e["event"] == "process_exit" and e["seq"] > submit["seq"] and (
            e["pid"] == thread["pid"] if e["pid"] and thread["pid"] else self.process(e) == thread["process"])]
        if not exits or not self.process(submit):
            return None
        return exits[0] if self.signal(exits[0]) else None

    FAULTS = (4, 5, 6, 7, 8, 11, 13, 31)

    def signal(self, end):
        if end["signal"] or end["exit_status"] != -1:
            return end["signal"]
        waits = [e for e in self.events.values() if e["event"] == "process_wait" and e["seq"] > end["seq"] and e["pid"] == end["pid"]]
        return max(waits[0]["exit_status"] - 128, 0) if waits else 0

    FAILS = ("multipart_create", "multipart_complete", "object_put", "object_get")

    def given_up_later(self, enter, mine, kinds):
        """Aborted after the return, and nothing had failed before that."""
        ret, abort = self.returned(enter), kinds.get("multipart_abort")
        return (ret and abort and abort["seq"] > ret["seq"] and "multipart_complete" not in kinds and not any(
            e["seq"] < ret["seq"] and (e["event"] == "part_failed" or e["event"] in self.FAILS and e["failed"]) for e in mine))

    @staticmethod
    def multipart(mine):
        return any(e["event"] == "multipart_create" or (e["event"] == "plan" and e["multipart"]) for e in mine)

    def settled(self, mine):
        kinds = {e["event"]: e for e in mine}
        refused = "multipart_create" in kinds and kinds["multipart_create"]["failed"]
        over = ("multipart_complete", "multipart_abort") if self.multipart(mine) else ("object_put", "object_get")
        return "done" in kinds or refused or any(k in kinds for k in over)

    # ---- what became of it

    BADNESS = ("stored", "stored-later", "unknown", "cancelled", "failed", "lost")

    def saw_the_end(self):
        return self.head["ended"] and not self.head["lost"]

    def raised(self, enter):
        ret = self.returned(enter)
        return bool(ret and (ret["error"] or ret["result"]))

    def cut_off(self, enter, kinds):
        """Its last request got no answer, and nobody said so: the program had ended in the midst of it."""
        last = kinds.get("multipart_complete") or kinds.get("object_put") or kinds.get("multipart_create")
        if "done" in kinds or "multipart_abort" in kinds or last is None or not self.saw_the_end() or self.raised(enter):
            return False
        return not last["http_status"] or (last["event"] == "multipart_create" and last["http_status"] < 300)

    def taken_back(self, enter, mine, kinds):
        """Aborted without a failure, and nobody heard of it: the client was shut down under its feet."""
        if "done" in kinds or "multipart_complete" in kinds or not self.saw_the_end():
            return False
        if any(kinds.get(k) is None or kinds[k]["failed"] for k in ("multipart_create", "multipart_abort")):
            return False
        if any(e["event"] == "part_failed" or (e["event"] in ("object_put", "object_get") and e["failed"]) or
               (e["event"] == "multipart_create" and e["failed"]) for e in mine):
            return False
        main, ret, abort = self.threads[enter["on"]]["name"] == "main", self.returned(enter), kinds["multipart_abort"]
        if main and ret and not self.whole_process(enter) and abort["on"] == enter["on"] and enter["seq"] < abort["seq"] < ret["seq"]:
            return False  # the call's own thread gave it up
        return not (main and self.raised(enter))

    def outcome_of(self, enter, submit):
        if self.there(enter, submit):
            return "stored"
        mine = self.about(submit)
        kinds = {e["event"]: e for e in mine}
        state = next((e["to"] if e["event"] == "status" else e["state"] for e in reversed(mine) if e["event"] in ("status", "done")), None)
        there = None
        for kind in ("object_get", "object_put", "multipart_complete"):
            if kind in kinds and not kinds[kind]["failed"] and not kinds[kind].get("skipped"):
                there = kinds[kind]
        if there is None and state == "success":
            there = kinds.get("done")
        if there is not None:
            ret = self.returned(enter)
            return "stored-later" if ret and there["seq"] > ret["seq"] else "stored"
        if state == "cancelled" and self.settled(mine):
            return "cancelled"
        if (state == "failed" and submit["call"]) or (self.settled(mine) and not self.cut_off(enter, kinds) and not self.taken_back(enter, mine, kinds)):
            return "failed"
        return self.seen_after_all(enter, submit) if self.saw_the_end() and not self.unseen_rest(submit) else "unknown"

    def unseen_rest(self, submit):
        """May what was not seen of it have gone where nobody could read? Not if a part or request of it was seen to come to nothing."""
        mine = self.about(submit)
        created = any(e["event"] == "multipart_create" and not e["failed"] for e in mine)
        if not self.head["unread"] or not created or self.settled(mine):
            return False
        answered = {(self.process(e), e["request"]) for e in self.events.values() if e["event"] == "response"}
        ended = {e["part"] for e in mine if e["event"] in ("part_done", "part_skipped")}
        under_way = any(e["event"] == "request_start" and (self.process(e), e["request"]) not in answered or
                        e["event"] in ("part_queued", "part_start") + PART_ENDS and e["part"] not in ended for e in mine)
        return not under_way and not self.is_absent(submit)

    def is_absent(self, submit):
        """A look behind the end of every process showed no object."""
        ends = [e["seq"] for e in self.events.values() if e["event"] == "process_exit"]
        looks = [e for e in self.events.values() if e["event"] == "object_head" and e["verify"] and e["transfer"] == submit["transfer"] and
                 self.process(e) in (0, self.process(submit))]
        return bool(looks and ends) and looks[-1]["http_status"] == 404 and looks[-1]["seq"] > ends[-1]

    def unseen_work(self, enter, ret, ends):
        """Nothing was late but what may have gone unseen."""
        seen = [e for e in ends if e is not None]
        rests = [s for s in self.own(enter) if not self.there(enter, s) and None in self.work_of(enter, s)[0] and not self.killed_at(s)]
        return bool(rests) and all(self.unseen_rest(s) for s in rests) and not self.late(enter, ret, seen)

    def went_on_without(self, enter, end):
        """What a request came to that had failed as the program hung up on it. "lost": to nothing, or it did not."""
        if end["event"] == "process_exit":
            words = [self.seen_after_all(enter, s) for s in self.own(enter) if self.killed_at(s) is end and
                     not self.settled(self.about(s))]
            return next((word for word in words if word != "lost"), "lost")
        mine = [s for s in self.own(enter) if s["transfer"] == end.get("transfer") and self.process(s) == self.process(end)]
        if not mine or not (end["event"] == "part_failed" or end.get("failed")):
            return "lost"
        kinds = {e["event"]: e for e in self.about(mine[0])}
        stored = any(k in kinds and not kinds[k]["failed"] for k in ("object_put", "multipart_complete"))
        return "lost" if stored or not self.cut_off(enter, kinds) else self.seen_after_all(enter, mine[0])

    def late(self, enter, ret, ends):
        """Of these ends of work those that never came, came after the return, or were none."""
        shown = self.shown(enter)
        return [] if shown == set(self.names(enter)) else [
            e for e in ends if e is None or e["seq"] > ret["seq"] and (self.process(e), e.get("transfer")) not in shown or
            self.went_on_without(enter, e) == "stored-later"]

    def seen_after_all(self, enter, submit):
        """Nobody in the program heard that it was stored: what do the looks of --verify say?"""
        parts = {e["part"]: e["bytes"] for e in self.about(submit) if e["event"] in ("part_queued", "part_start")}
        absent, ret = None, self.returned(enter)
        for e in self.events.values():
            if e["event"] != "object_head" or not e["verify"] or e["transfer"] != submit["transfer"] or \
                    self.process(e) not in (0, self.process(submit)):
                continue
            if e["http_status"] == 404:
                absent = e["seq"]
            if not e["failed"] and e["bytes"] == sum(parts.values()):
                return "unknown" if absent is None else "stored-later" if ret and absent > ret["seq"] else "stored"
        return "lost"

    def outcome(self, enter):
        if self.never_sent(enter):
            return "lost"
        words = [self.outcome_of(enter, s) for s in self.own(enter)]
        return max(words, key=self.BADNESS.index) if words else "unknown"

    # ---- what was held of the call's work

    def holds(self, enter):
        own = {(self.process(s), s["transfer"]) for s in self.own(enter)}
        ret = self.returned(enter)
        rows = []
        for h in self.events.values():
            if h["event"] != "held" or not any(t == h["transfer"] and self.process(h) in (p, 0) for p, t in own):
                continue
            later = [e for e in self.events.values() if e.get("hold") == h["hold"] and e["seq"] >= h["seq"] and self.process(e) == self.process(h)]
            over = [e for e in later if e["event"] == "released"]
            rows.append({"part": h["part"], "hold_ns": over[0]["held_ns"] if over else 0,
                         "return_ns": ret["t_ns"] - enter["t_ns"] if ret else -1,
                         "evaded": any(e["event"] == "hold_evaded" for e in later), "held": h["seq"],
                         "released": over[0]["seq"] if over else None})
        return rows

    # ---- the rows of docs/verdict.md

    def outrun(self, enter, ret):
        own = {(self.process(s), s["transfer"]) for s in self.own(enter)}
        for h in self.events.values():
            if h["event"] != "held" or not enter["seq"] < h["seq"] < ret["seq"] or (self.process(h), h["transfer"]) not in own:
                continue
            if (h["on"] if h["thread"] is None else h["thread"]) == enter["on"]:
                continue
            over = [e for e in self.events.values() if e["event"] == "released" and e["hold"] == h["hold"] and e["seq"] > h["seq"]]
            if not over or over[0]["seq"] > ret["seq"]:
                return True
        return False

    def loops(self, enter, ret, ends):
        """The thread polls (or sleeps) while its requests are under way, and lies down in other polls afterwards."""
        last = max(ends, key=lambda e: e["seq"])
        if last["on"] != enter["on"] or last["seq"] <= enter["seq"]:
            return False
        mine = [e for e in self.events.values() if e["on"] == enter["on"] and enter["seq"] < e["seq"] < ret["seq"]]
        lay = 0
        serves = enter["on"] in self.drivers() or any(e["event"] == "poll" and e["epoll"] for e in self.rests(enter["on"]))
        marks = [e for e in mine if e["event"] in ("request_start", "response")]

        def answers(poll):
            """It is for the one request that the thread has under way."""
            before = [e for e in marks if e["seq"] < poll["seq"]]
            return not serves and poll["event"] == "poll" and bool(before) and before[-1]["event"] == "request_start"
        for kind, ns in (("poll", "waited_ns"), ("sleep", "slept_ns")):
            if any(e["event"] == kind and e["seq"] < last["seq"] for e in mine):
                lay += sum(e[ns] for e in mine if e["event"] == kind and e["seq"] > last["seq"] and not answers(e))
        return lay >= 1000000

    def count(self, to, edges, ends):
        known = self.past(to, edges)
        return sum(known.get(e["on"], -1) >= e["seq"] for e in ends)

    def hinges(self, enter, ret, ends):
        """All is ordered, but by what came behind a wait with a limit, or by a loop that had a timer to come."""
        mine = [e for e in self.edges if self.events[e["to"]]["on"] == enter["on"] and enter["seq"] < e["to"] < ret["seq"]]
        for timed in mine:
            if not timed["timed"] or timed.get("turn"):
                continue
            begin = timed["to"] if timed["wait"] is None else timed["wait"]
            without = [e for e in self.edges if not (e["timed"] and e["to"] == timed["to"])]
            left = [e for e in self.edges if e not in mine or e["to"] < begin or e.get("way_out")]
            if self.count(timed["to"], without, ends) < self.count(timed["to"], self.edges, ends) and self.count(ret["seq"], left, ends) < len(ends):
                return True
        for idle in self.idle:
            if idle.get("turn") or self.events[idle["to"]]["on"] != enter["on"] or not enter["seq"] < idle["wait"] < idle["to"] < ret["seq"]:
                continue
            left = [e for e in self.edges if e not in mine or e["to"] < idle["wait"] or e.get("way_out")]
            if self.count(idle["wait"], self.edges, ends) < self.count(idle["from"], self.edges, ends) and self.count(ret["seq"], left, ends) < len(ends):
                return True
        all_polls = [e for e in self.events.values() if e["event"] == "poll" and e["on"] == enter["on"]]
        polls = [e for e in all_polls if e["epoll"]]
        if any(enter["seq"] < e["seq"] < ret["seq"] and not e["ready"] and e["limit_ns"] > 1 for e in polls):
            return False

        def due_at(seq):
            before = [e for e in polls if e["seq"] <= seq and e["limit_ns"] != 1]
            return bool(before) and before[-1]["limit_ns"] > 0

        def due(edge):
            return edge["edge"] in ("bytes", "process") and due_at(edge["to"])

        def own_due(end):
            turn = [e for e in all_polls if enter["seq"] < e["seq"] < end["seq"]]
            return enter["seq"] < end["seq"] < ret["seq"] and end["on"] == enter["on"] and bool(turn) and turn[-1]["epoll"] and due_at(turn[-1]["seq"])
        if any(own_due(e) for e in ends):
            return True
        return self.count(ret["seq"], [e for e in self.edges if e not in mine or not due(e)], ends) < len(ends)

    def is_timeouts(self, timer):
        runs = [e for e in self.events.values() if e["event"] in ("process_start", "exec") and e["seq"] < timer["seq"] and
                self.threads[e["on"]]["pid"] == self.threads[timer["on"]]["pid"]]
        return bool(runs) and runs[-1]["command"].split(" ")[0].split("/")[-1] == "timeout"

    def alarms(self, enter, ret, ends):
        """Timers that send a signal and were to come as the work ended, or a wait for it: is it certain what that would have done?"""
        timers, own = [e for e in self.events.values() if e["event"] == "timer"], self.threads[enter["on"]]["pid"]
        for timer in timers:
            pid = self.threads[timer["on"]]["pid"]
            if not timer["due_ns"] or (timer["deadly"] and pid == own and not self.whole_process(enter)):
                continue
            until = min((e["seq"] for e in timers if e["seq"] > timer["seq"] and e["timer"] == timer["timer"] and
                         self.threads[e["on"]]["pid"] == pid), default=self.head["events"])

            def met(e):
                thread = self.threads[e["on"]]
                return (enter["seq"] < e["seq"] and timer["seq"] < e["seq"] < until and e["t_ns"] < timer["t_ns"] + timer["due_ns"] and
                        thread["pid"] == pid and (e["on"] == enter["on"] or thread["name"] == "main"))
            left = [e for e in self.edges if e["edge"] in ("start", "fork", "data") or not met(self.events[e["to"]])]
            if any(met(e) for e in ends) or self.count(ret["seq"], left, ends) < len(ends):
                yield timer["deadly"] or self.is_timeouts(timer)

    def names(self, enter):
        return [(self.process(s), s["transfer"]) for s in self.own(enter)]

    def shown(self, enter):
        return {(self.process(s), s["transfer"]) for s in self.own(enter) if self.there(enter, s)}

    def stored(self, enter):
        for submit in self.own(enter):
            kinds = {e["event"]: e for e in self.of_transfer(submit)}
            for kind in ("object_put", "multipart_complete"):
                if kind in kinds and not kinds[kind]["failed"] and not kinds[kind]["skipped"]:
                    return True
        return False

    def judge(self, enter, outcome):
        if self.never_sent(enter):
            gone = self.returned(enter) is None
            return "not-returned" if gone else "does-not-block", "none" if gone else "witness", *self.work(enter)[:2]
        if self.head["lost"] or any(e["event"] in ("lost", "hold_evaded") for e in self.events.values()):
            return "unknown", "none", None, None
        ends, parts, transfers = self.work(enter)
        if not transfers or not ends:
            return "unknown", "none", ends, parts
        ret = self.returned(enter)
        if ret is None:
            return "not-returned", "none", ends, parts
        if self.unseen_work(enter, ret, ends):
            return "unknown", "none", ends, parts
        late = self.late(enter, ret, ends)
        ordered = [e for e in self.ordered(ends, ret) if self.went_on_without(enter, e) == "lost"]
        if outcome == "lost" and self.whole_process(enter) and not late and not self.stored(enter):
            return "does-not-block", "witness", ends, parts
        if late or self.outrun(enter, ret):
            return "does-not-block", "intervention" if self.outrun(enter, ret) else "witness", ends, parts
        if len(ordered) < len(ends) or not ends:
            return "unproven", "timing", ends, parts
        inline = all(e["on"] == enter["on"] and e["seq"] > enter["seq"] for e in ends)
        sure = self.past(ret["seq"], [e for e in self.edges if not e["timed"] or e["to"] < enter["seq"] or (
            e.get("turn") if self.events[e["to"]]["on"] == enter["on"] else e["edge"] != "process")])
        if not all(sure.get(e["on"], -1) >= e["seq"] for e in ends):
            return "blocks-partly", "happens-before", ends, parts
        if any(e["event"] == "process_exit" and self.signal(e) not in self.FAULTS for e in ends):
            return "blocks-partly", "happens-before", ends, parts
        alarms = list(self.alarms(enter, ret, ends))
        if any(alarms):
            return "blocks-partly", "happens-before", ends, parts
        if self.loops(enter, ret, ends) or self.hinges(enter, ret, ends) or alarms:
            return "unproven", "timing", ends, parts
        return "blocks", "inline" if inline else "happens-before", ends, parts

    def check_verdict(self, v):
        if v["enter"] is None:
            need(not self.calls() and (v["answer"], v["outcome"]) == ("unknown", "unknown"), "a verdict without a call")
            return
        enter = self.events.get(v["enter"])
        need(enter and enter["event"] == "call_enter", "the verdict's call is none")
        ret = self.returned(enter)
        need(v["return"] == (ret["seq"] if ret else None), "the verdict's return is none")
        outcome = self.outcome(enter)
        need(v["outcome"] == outcome, "the events say %s, the verdict %s" % (outcome, v["outcome"]))
        need(v["holds"] == self.holds(enter), "other holds")
        answer, basis, ends, parts = self.judge(enter, outcome)
        if v["limit"] == "time-out" and v["basis"] == "witness" and answer == "does-not-block":
            gave_up = any(e.get("how") == "timed-out" and e["on"] == enter["on"] for e in self.events.values())
            answer, basis = ("blocks-partly", "witness") if gave_up or v["answer"] == "blocks-partly" else (answer, basis)
        need((v["answer"], v["basis"]) == (answer, basis), "the events say %s (%s), the verdict %s (%s)" % (
            answer, basis, v["answer"], v["basis"]))
        need(bool(v["limit"]) == (answer == "blocks-partly"), "a limit that is none")
        if ends is None:
            return
        key = lambda e: -1 if e is None else e
        need(sorted(v["ends"], key=key) == sorted((e and e["seq"] for e in ends), key=key), "other ends of work")
        need(v["parts"] == len(parts), "another number of parts")
        if ret:
            ends = [end for _, end in parts]
            late = len(self.late(enter, ret, ends))
            ordered = sum(self.went_on_without(enter, e) == "lost" for e in self.ordered(ends, ret))
            need((v["parts_late"], v["parts_ordered"]) == (late, ordered), "other counts of parts")

    def check(self):
        self.check_edges()
        need(len({v["enter"] for v in self.verdicts}) == len(self.verdicts) == max(1, len(self.judged())), "not one verdict a call")
        wanted = {e["seq"] for e in self.judged()} or {None}
        need({v["enter"] for v in self.verdicts} == wanted, "a verdict on another call")
        for v in self.verdicts:
            self.check_verdict(v)


def check(data):
    """Raises Wrong with the reason."""
    try:
        Bundle(data).check()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
        raise Wrong("malformed: %r" % (e,))


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    try:
        check(data)
    except Wrong as e:
        print("does not hold: %s" % e)
        return 1
    verdict = [json.loads(line) for line in data.split(b"\n") if line.startswith(b'{"answer"')]
    print("holds: %s" % ", ".join("%s (%s), %s" % (v["answer"], v["basis"], v["outcome"]) for v in verdict))
    return 0


if __name__ == "__main__":
    sys.exit(main())
