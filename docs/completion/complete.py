"""complete.py SCHEMA OUT-FOLDER: shell completion for bash (xferdb), zsh (_xferdb) and fish (xferdb.fish).

Commands, options and the words an option takes come from the schema. What an option's value is
follows from its argument's name there: FILE and DIR are paths, a list of words is those words.
"""
import json
import os
import sys

schema_path, out_folder = sys.argv[1:]
with open(schema_path, encoding="utf-8") as source:
    schema = json.load(source)
options = {option["name"]: option for option in schema["options"]}
commands = schema["commands"]
COMMON = [("help", "show help"), ("version", "show the version"), ("print-schema", "print what scripts rely on, as JSON")]


def names(option):
    """Long spellings: (name, "needs" a value, "may" have one, or "none")."""
    if option["kind"] in ("flag", "switch"):
        takes = "none"
    else:
        takes = "may" if option["kind"] == "output" or option.get("implied") else "needs"
    yield option["name"], takes
    for alias in option["aliases"]:
        yield alias["name"], takes if alias["value"] is None else "none"


def value(option):
    """("words", [...]), ("file", None), ("folder", None) or ("any", None)"""
    argument = option.get("argument") or ""
    if option.get("words"):
        return "words", option["words"]
    if argument.startswith("FILE"):
        return "file", None
    if argument.startswith("DIR"):
        return "folder", None
    return "any", None


def single(text):
    return "'" + text.replace("'", "'\\''") + "'"


# ---- bash

BASH = r"""# bash completion for xferdb; made from its schema
_xferdb()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word
	# `=` is a word of its own: --opt=va is three
	if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in @COMMANDS@) command=$word; break ;; esac
	done
	case $prev in
@VALUES@
	esac
	case $command in
	'') word='@COMMAND_WORDS@ @COMMON@' ;;
@OPTIONS@
	esac
	if [[ $cur == -* || -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _xferdb xferdb
"""


def bash():
    by_value = {}
    for option in schema["options"]:
        spelled = ["--" + name for name, takes in names(option) if takes == "needs" or (takes == "may" and option.get("words"))]
        if option.get("letter") and option["kind"] not in ("flag", "switch"):
            spelled.append("-" + option["letter"])
        kind, words = value(option)
        if spelled:
            by_value.setdefault((kind, tuple(words or ())), []).extend(spelled)
    rows = []
    for (kind, words), spelled in by_value.items():
        if kind == "words":
            then = 'mapfile -t COMPREPLY < <(compgen -W %s -- "$cur")' % single(" ".join(words))
        elif kind == "any":
            then = "COMPREPLY=()"
        else:
            then = 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -%s -- "$cur")' % "fd"[kind == "folder"]
        rows.append("\t%s) %s; return ;;" % ("|".join(spelled), then))
    lists = []
    for command in commands:
        words = ["--" + name for option in command["options"] for name, _ in names(options[option])]
        words += ["-" + options[o]["letter"] for o in command["options"] if options[o].get("letter")] + ["--help"]
        lists.append("\t%s) word=%s ;;" % (command["name"], single(" ".join(words))))
    all_names = [command["name"] for command in commands]
    return (BASH.replace("@COMMANDS@", "|".join(all_names) or "''").replace("@COMMAND_WORDS@", " ".join(all_names))
            .replace("@COMMON@", " ".join("--" + name for name, _ in COMMON))
            .replace("@VALUES@", "\n".join(rows)).replace("@OPTIONS@", "\n".join(lists)))


# ---- zsh

def zsh_text(text):
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_value(option):
    kind, words = value(option)
    label = zsh_text(option.get("argument") or "value").split("|")[0]
    if kind == "words":
        # inside the parentheses a colon or a comma is plain when escaped
        return ":%s:(%s)" % (label, " ".join(word.replace(":", "\\:") for word in words))
    return ":%s:%s" % (label, {"file": "_files", "folder": "_files -/", "any": " "}[kind])


def zsh_specs(command):
    for name in command["options"]:
        option = options[name]
        repeat = "*" if option["kind"] == "list" else ""
        text = "[%s]" % zsh_text(option["description"])
        for spelling, takes in names(option):
            if takes == "needs":
                yield "%s--%s=%s%s" % (repeat, spelling, text, zsh_value(option))
            elif takes == "may":
                yield "%s--%s=-%s:%s" % (repeat, spelling, text, zsh_value(option))
            else:
                yield "%s--%s%s" % (repeat, spelling, text)
        if option.get("letter"):
            takes = option["kind"] not in ("flag", "switch")
            yield "-%s%s%s%s" % (option["letter"], "+" if takes else "", text, zsh_value(option) if takes else "")


def zsh():
    lines = ["#compdef xferdb", "# zsh completion for xferdb; made from its schema", "local -a commands=("]
    lines += ["\t%s" % single("%s:%s" % (c["name"], c["summary"])) for c in commands]
    lines += [")", "local state line", "_arguments -C %s '1: :->command' '*:: :->rest' && return" % " ".join(
        single("(- *)--%s[%s]" % pair) for pair in COMMON)]
    lines += ["case $state in", "command) _describe command commands ;;", "rest)", "\tcase $line[1] in"]
    for command in commands:
        lines.append("\t%s) _arguments \\" % command["name"])
        lines += ["\t\t%s \\" % single(spec) for spec in zsh_specs(command)]
        lines.append("\t\t'*:file:_files' ;;")
    return "\n".join(lines + ["\tesac ;;", "esac", ""])


# ---- fish

def fish():
    lines = ["# fish completion for xferdb; made from its schema", "set -l commands " + " ".join(c["name"] for c in commands),
             "complete -c xferdb -n \"not __fish_seen_subcommand_from $commands\" -f"]
    for command in commands:
        lines.append("complete -c xferdb -n \"not __fish_seen_subcommand_from $commands\" -a %s -d %s" % (
            command["name"], fish_quote(command["summary"])))
    lines += ["complete -c xferdb -l %s -d %s" % (name, fish_quote(text)) for name, text in COMMON]
    for option in schema["options"]:
        kind, words = value(option)
        for name, takes in names(option):
            row = "complete -c xferdb -n \"__fish_seen_subcommand_from %s\" -l %s -d %s" % (
                " ".join(option["commands"]), name, fish_quote(option["description"]))
            if name == option["name"] and option.get("letter"):
                row += " -s " + option["letter"]
            if takes == "needs":
                row += {"words": " -x -a %s" % fish_quote(" ".join(words or ())), "file": " -r -F", "any": " -x",
                        "folder": " -x -a '(__fish_complete_directories)'"}[kind]
            lines.append(row)
    return "\n".join(lines) + "\n"


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


os.makedirs(out_folder, exist_ok=True)
for file_name, text in (("xferdb", bash()), ("_xferdb", zsh()), ("xferdb.fish", fish())):
    with open(os.path.join(out_folder, file_name), "w", encoding="utf-8") as out:
        out.write(text)
