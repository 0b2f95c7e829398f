"""A strict checker for what schema/xferdb.json says: the part of JSON Schema it uses, and nothing passed over."""
import json
import os

import t

KNOWN = {"$schema", "title", "description", "type", "enum", "properties", "required", "additionalProperties", "items"}
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def load():
    with open(os.path.join(t.SOURCE, "schema", "xferdb.json"), encoding="utf-8") as f:
        return json.load(f)


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, path="$"):
    """Raises with the path of the first thing that does not fit."""
    unknown = set(schema) - KNOWN
    if unknown:
        raise AssertionError("%s: the checker does not know %s" % (path, unknown))
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, n) for n in names):
        raise AssertionError("%s: %r is not %s" % (path, value, names))
    if "enum" in schema and value not in schema["enum"]:
        raise AssertionError("%s: %r is none of %s" % (path, value, schema["enum"]))
    if isinstance(value, dict) and "properties" in schema:
        check_object(value, schema, path)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            check(item, schema["items"], "%s[%d]" % (path, i))


def check_document(document):
    """The document of a command that has one of its own."""
    check(document, load()["documents"][document["command"]])


def check_object(value, schema, path):
    missing = set(schema["required"]) - set(value)
    more = set(value) - set(schema["properties"])
    if missing or (more and schema.get("additionalProperties") is False):
        raise AssertionError("%s: missing %s, unknown %s" % (path, sorted(missing), sorted(more)))
    for key, item in value.items():
        check(item, schema["properties"][key], path + "." + key)


def check_event(event, events):
    """One line of JSONL: the common keys, then exactly the kind's own."""
    kind = events["kinds"].get(event.get("event"))
    if kind is None:
        raise AssertionError("no such kind: %r" % (event,))
    properties = {**kind["fields"], **events["common"]}
    check(event, {"type": "object", "properties": properties, "required": list(properties),
                  "additionalProperties": False}, "$" + str(event["seq"]))
