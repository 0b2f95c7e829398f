"""pages.py SCHEMA PROSE-FOLDER VERSION OUT-FOLDER: the man pages.

xferdb(1), one xferdb-COMMAND(1) a command, and xferdb-json(5). Names, options, ranges, defaults,
exit statuses and JSON keys come from the schema; what needs explaining from PROSE-FOLDER/PAGE.txt:
sections begin with `# TITLE`, paragraphs are separated by empty lines, lines indented by four spaces
are shown as they are, `name` is set bold. A DESCRIPTION there follows the schema's own words.
"""
import json
import os
import re
import sys

schema_path, prose_folder, version, out_folder = sys.argv[1:]
with open(schema_path, encoding="utf-8") as source:
    schema = json.load(source)
options = {option["name"]: option for option in schema["options"]}
commands = schema["commands"]


# ---- troff

def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(c if ord(c) < 128 else "\\[u%04X]" % ord(c) for c in text)
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def marked(text):
    """Escaped, with `name` set bold."""
    parts = escape(text).split("`")
    return "".join("\\fB%s\\fR" % part if i % 2 else part for i, part in enumerate(parts))


def bold(text):
    return "\\fB%s\\fR" % escape(text)


def tagged(tag, text):
    return [".TP", tag, text]


def paragraphs(text):
    """Text of a section of prose as troff lines."""
    lines = []
    for block in re.split(r"\n{2,}", text.strip("\n")):
        if block.startswith("    "):
            lines += [".PP", ".nf", ".RS 4", escape(re.sub("^    ", "", block, flags=re.M)), ".RE", ".fi"]
        else:
            lines += [".PP", marked(" ".join(block.split()))]
    return lines


def prose(page):
    """{section: text} of a page's own words."""
    path = os.path.join(prose_folder, page + ".txt")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as source:
        parts = re.split(r"^# (.*)\n", source.read(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


class Page:
    def __init__(self, name, number, summary):
        self.name, self.number, self.own = name, number, prose(name)
        self.lines = [".TH %s %d \"\" \"xferdb %s\" \"xferdb manual\"" % (escape(name.upper()), number, version),
                      ".nh", ".SH NAME", "%s \\- %s" % (escape(name), escape(summary))]

    def section(self, title, lines):
        """The schema's words, then the page's own."""
        own = self.own.pop(title, None)
        if lines or own:
            self.lines += [".SH " + title, *lines, *(paragraphs(own) if own else [])]

    def write(self):
        if self.own:
            sys.exit("%s.txt has sections no page shows: %s" % (self.name, ", ".join(self.own)))
        path = os.path.join(out_folder, "%s.%d" % (self.name, self.number))
        with open(path, "w", encoding="ascii") as out:
            out.write("\n".join(self.lines) + "\n")


# ---- options

def spellings(option):
    names = ["--" + option["name"]] + ["--" + alias["name"] for alias in option["aliases"]]
    if option.get("letter"):
        names.insert(0, "-" + option["letter"])
    # a long list of words may be broken behind a |
    argument = "\\fI%s\\fR" % escape(option.get("argument") or "").replace("|", "|\\:")
    if not option.get("argument"):
        value = ""
    elif option["kind"] == "output":
        value = "[=%s]" % argument
    elif option.get("implied"):
        value = " [%s]" % argument
    else:
        value = " " + argument
    return ", ".join(bold(name) for name in names) + value


def amount(number, unit):
    if unit == "ns":
        for size, name in ((86400 * 10**9, "d"), (3600 * 10**9, "h"), (10**9, "s"), (10**6, "ms"), (1000, "us")):
            if number and number % size == 0:
                return "%d%s" % (number // size, name)
        return "%dns" % number
    if unit.startswith("bytes"):
        for size, name in ((2**40, "TB"), (2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
            if number and number % size == 0:
                return "%d%s" % (number // size, name)
    return str(number)


def explained(option):
    text = option["description"][0].upper() + option["description"][1:] + "."
    text = re.sub(r" \[[^]]*\]\.$", ".", text)
    if option.get("implied"):
        text += " Without a value: %s." % option["implied"]
    if option.get("max") is not None:
        text += " From %s to %s." % (amount(option["min"], option["unit"]), amount(option["max"], option["unit"]))
    return text + " Default: %s." % option["default"]


def option_lines(names):
    lines, group = [], None
    for name in names:
        option = options[name]
        if option["group"] != group:
            group = option["group"]
            lines.append(".SS " + escape(schema["option_groups"][group]))
        lines += tagged(spellings(option), escape(explained(option)))
    return lines


# ---- pages

def exit_lines(command=None):
    lines = []
    for row in schema["exit_statuses"]:
        owner, _, rest = row["when"].partition(": ")
        if rest and owner in {c["name"] for c in commands} and command not in (None, owner):
            continue
        lines += tagged(bold(str(row["status"])), escape(row["when"]))
    return lines


def see_also(*names):
    return [", ".join("%s(%d)" % (bold(name), number) for name, number in names)]


def command_page(command):
    page = Page("xferdb-" + command["name"], 1, command["summary"])
    page.section("SYNOPSIS", ["%s [\\fIOPTION\\fR]... %s" % (bold("xferdb " + command["name"]), escape(command["operands"]))])
    page.section("DESCRIPTION", paragraphs(command["description"]))
    page.section("OPTIONS", option_lines(command["options"]))
    page.section("EXIT STATUS", exit_lines(command["name"]))
    page.section("FILES", [])
    page.section("EXAMPLES", [])
    page.section("SEE ALSO", see_also(("xferdb", 1), ("xferdb-json", 5)))
    page.write()


def overview_page():
    page = Page("xferdb", 1, "a debugger for object-store uploads")
    page.section("SYNOPSIS", ["%s \\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]..." % bold("xferdb")])
    page.section("DESCRIPTION", [])
    lines, group = [], None
    for command in commands:
        if command["group"] != group:
            group = command["group"]
            lines.append(".SS " + escape(group))
        lines += tagged("%s %s" % (bold(command["name"]), escape(command["operands"])), escape(command["summary"]))
    page.section("COMMANDS", lines)
    page.section("VERDICT", [])
    page.section("EXIT STATUS", exit_lines())
    page.section("ENVIRONMENT", [])
    page.section("FILES", [])
    page.section("EXAMPLES", [])
    page.section("SEE ALSO", see_also(*[("xferdb-" + c["name"], 1) for c in commands], ("xferdb-json", 5)))
    page.write()


def type_words(node):
    types = node.get("type", "")
    text = " or ".join(types) if isinstance(types, list) else types
    words = [word for word in node.get("enum", []) if word is not None]
    return text + (": " + ", ".join(words) if words else "")


def key_lines(node, path=""):
    lines = []
    for name, child in node.get("properties", {}).items():
        here = path + name
        text = "%s (%s)." % (child.get("description", ""), type_words(child))
        lines += tagged(bold(here), escape(text[0].upper() + text[1:]))
        lines += key_lines(child, here + ".")
        lines += key_lines(child.get("items", {}), here + "[].")
    return lines


def json_page():
    page = Page("xferdb-json", 5, "what xferdb prints for programs")
    page.section("DESCRIPTION", [])
    page.section("DOCUMENT", key_lines(schema["document"]))
    lines = tagged(bold(", ".join(schema["events"]["common"])), "Every event has these.")
    for kind, row in schema["events"]["kinds"].items():
        fields = ", ".join("%s (%s)" % (name, type_words(node)) for name, node in row["fields"].items())
        lines += tagged(bold(kind), escape("%s. %s" % (row["description"], fields)))
    page.section("EVENTS", lines)
    page.section("SEE ALSO", see_also(("xferdb", 1)))
    page.write()


os.makedirs(out_folder, exist_ok=True)
overview_page()
json_page()
for row in commands:
    command_page(row)
