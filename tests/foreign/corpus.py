"""corpus: programs that upload in every way and in many languages, and what has to be said of them.

corpus/table.txt has a line for each: its kit (language and client), the program and its mode, options of
trace, the call, answer and outcome of one trace, and what prove says. What a kit needs beyond the machine's
own tools is fetched by the language's own package manager and kept in

    $XF_CORPUS_CACHE, else $XDG_CACHE_HOME/xferdb/corpus, else ~/.cache/xferdb/corpus

never in the repository. A kit that cannot be had (no compiler, no registry) skips; one whose program
does not compile fails.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import t

HERE = os.path.join(t.SOURCE, "tests", "foreign", "corpus")
CACHE = os.environ.get("XF_CORPUS_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "xferdb", "corpus")
SIZE = 20 * t.MiB


class Row:
    def __init__(self, words):
        (self.kit, self.program, self.options, self.call, self.answer, self.outcome, self.proved) = words
        self.options = [] if self.options == "-" else re.split(",(?=--)", self.options)

    def __repr__(self):
        return "%s %s %s" % (self.kit, self.program, " ".join(self.options))


def rows(kit=None):
    with open(os.path.join(HERE, "table.txt"), encoding="utf-8") as table:
        for line in table:
            words = line.split()
            if words and words[0] != "#" and kit in (None, words[0]):
                yield Row(words)


# ---- kits: a function from a program and its mode to the words that run it

def run(*words, cwd=None, env=None):
    return subprocess.run(words, cwd=cwd, env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def fetch(*words, cwd=None):
    """A step that needs a registry: where it fails the kit is not to be had."""
    r = run(*words, cwd=cwd)
    if r.returncode:
        t.skip("%s: %s" % (" ".join(words[:3]), r.stdout.decode("utf-8", "replace")[-300:]))


def compile(*words, cwd=None, env=None):
    r = run(*words, cwd=cwd, env=env)
    t.equal(r.returncode, 0, r.stdout.decode("utf-8", "replace")[-2000:])


def folder(kit):
    """A kit's place in the cache, with the sources in it; fresh when they have changed."""
    path = os.path.join(CACHE, kit)
    os.makedirs(path, exist_ok=True)
    for name in os.listdir(os.path.join(HERE, kit)):
        source, copy = os.path.join(HERE, kit, name), os.path.join(path, name)
        if not os.path.exists(copy) or open(source, "rb").read() != open(copy, "rb").read():
            shutil.copy(source, copy)
    return path


def once(path, name, files, make):
    """Makes `name` in path unless it was made from the same files before."""
    digest = hashlib.sha256()
    for file in files:
        with open(os.path.join(path, file), "rb") as f:
            digest.update(f.read())
    stamp = os.path.join(path, "." + name + ".made")
    if os.path.exists(stamp) and open(stamp, encoding="ascii").read() == digest.hexdigest():
        return
    make()
    with open(stamp, "w", encoding="ascii") as f:
        f.write(digest.hexdigest())


def script(python):
    return lambda program, *mode: [python, os.path.join(HERE, "python", program + ".py"), *mode]


def kit_python():
    if run("/usr/bin/python3", "-c", "import boto3").returncode:
        t.skip("/usr/bin/python3 has no boto3")
    return script("/usr/bin/python3")


def pypi():
    """A virtual environment with the newest boto3, the CRT client and pytest."""
    path = os.path.join(CACHE, "python")
    python = os.path.join(path, "venv", "bin", "python3")
    if not os.path.exists(python) or run(python, "-c", "import boto3, awscrt, pytest").returncode:
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        fetch(sys.executable, "-m", "venv", os.path.join(path, "venv"))
        fetch(python, "-m", "pip", "install", "-q", "boto3[crt]", "pytest")
    return python


def kit_pypi():
    return script(pypi())


def with_libcurl(compiler, source):
    path = t.tmp("upload-" + compiler)
    if run("pkg-config", "--exists", "libcurl").returncode:
        t.skip("libcurl's headers are not installed")
    compile(t.need(compiler), "-O1", "-g", "-o", path, os.path.join(HERE, source), "-lcurl", "-pthread")
    return lambda program, *mode: [path, *mode]


def kit_c():
    return with_libcurl("cc", "c/upload.c")


def kit_cxx():
    return with_libcurl("c++", "cxx/upload.cc")


def go(linked):
    path = t.tmp("upload-" + linked)
    compile(t.need("go"), "build", "-o", path, os.path.join(HERE, "go", "upload.go"),
            cwd=t.tmp(), env={"CGO_ENABLED": "1" if linked == "dynamic" else "0"})
    return lambda program, *mode: [path, *mode]


def kit_go_dynamic():
    return go("dynamic")


def kit_go_static():
    return go("static")


def kit_go_sdk():
    t.need("go")
    path = folder("go-sdk")
    once(path, "modules", ["go.mod"], lambda: fetch("go", "mod", "download", cwd=path))
    once(path, "upload", ["upload.go", "go.mod"],
         lambda: compile("go", "build", "-mod=mod", "-o", "upload", ".", cwd=path, env={"CGO_ENABLED": "0"}))
    return lambda program, *mode: [os.path.join(path, "upload"), *mode]


def kit_java():
    path = t.tmp("classes")
    compile(t.need("javac"), "-d", path, os.path.join(HERE, "java", "Upload.java"))
    return lambda program, *mode: [t.need("java"), "-cp", path, "Upload", *mode]


def kit_java_sdk():
    java, javac, mvn = t.need("java", "javac", "mvn")
    path = folder("java-sdk")
    lib = os.path.join(path, "lib")
    once(path, "lib", ["pom.xml"],
         lambda: fetch(mvn, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", cwd=path))
    once(path, "classes", ["Upload.java", "pom.xml"],
         lambda: compile(javac, "-cp", lib + "/*", "-d", path, "Upload.java", cwd=path))
    return lambda program, *mode: [java, "-cp", lib + "/*:" + path, "Upload", *mode]


def kit_node():
    node, npm = t.need("node", "npm")
    path = folder("node")
    once(path, "modules", ["package.json"], lambda: fetch(npm, "install", "--no-audit", "--no-fund", cwd=path))
    return lambda program, *mode: [node, os.path.join(path, "upload.js"), *mode]


def kit_rust():
    cargo = t.need("cargo")
    path = folder("rust")
    once(path, "crates", ["Cargo.toml"], lambda: fetch(cargo, "fetch", cwd=path))
    once(path, "upload", ["upload.rs", "Cargo.toml"], lambda: compile(cargo, "build", "--release", cwd=path))
    return lambda program, *mode: [os.path.join(path, "target", "release", "upload"), *mode]


def tool_words():
    file = t.make_file("source", SIZE)
    rclone = ("--config /dev/null --s3-provider Other --s3-env-auth --s3-no-check-bucket --s3-chunk-size 5M "
              "--s3-upload-cutoff 5M --s3-endpoint $AWS_ENDPOINT_URL ")
    return {
        "curl": "exec curl -sS -f -T %s $AWS_ENDPOINT_URL/bucket/key" % file,
        "curl-background": "curl -sS -f -T %s --limit-rate 20M $AWS_ENDPOINT_URL/bucket/key & sleep 0.2" % file,
        "curl-wait": "echo begin; curl -sS -f -T %s $AWS_ENDPOINT_URL/bucket/key & wait; echo end" % file,
        "curl-timeout": "exec timeout 60 curl -sS -f -T %s $AWS_ENDPOINT_URL/bucket/key" % file,
        "curl-lucky": "echo begin; curl -sS -f -T %s $AWS_ENDPOINT_URL/bucket/key & sleep $T_PAUSE; echo end" % file,
        "aws": "exec aws s3 cp --only-show-errors %s s3://bucket/key" % file,
        "rclone": "exec rclone %s copyto %s :s3:bucket/key" % (rclone, file),
        "rclone-rcat": "exec rclone %s rcat :s3:bucket/key < %s" % (rclone, file),
        "s3cmd": "exec s3cmd -c /dev/null -q --no-ssl --access_key=$AWS_ACCESS_KEY_ID --secret_key=$AWS_SECRET_ACCESS_KEY "
                 "--host=${AWS_ENDPOINT_URL#http://} --host-bucket=${AWS_ENDPOINT_URL#http://} "
                 "--multipart-chunk-size-mb=5 put %s s3://bucket/key" % file,
    }


def kit_tool():
    words = tool_words()

    def of(program):
        t.need(program.split("-")[0])
        return ["sh", "-c", words[program]]
    return of


KITS = {"python": kit_python, "pypi": kit_pypi, "crt": kit_pypi, "c": kit_c, "cxx": kit_cxx, "go-dynamic": kit_go_dynamic,
        "go-static": kit_go_static, "go-sdk": kit_go_sdk, "java": kit_java, "java-sdk": kit_java_sdk,
        "node": kit_node, "rust": kit_rust, "tool": kit_tool}


def words_of(make, row):
    """What runs a row's program; `make` is its kit's, KITS[row.kit]()."""
    name, *mode = row.program.split(",")
    return make(name, *mode)


# ---- what is said of a program

def judged(command, row, words, *options, timeout=300):
    path = t.tmp("verdict.json")
    call = [] if row.call.startswith("default:") else ["--call=" + row.call]
    r = t.xferdb(command, "--local", "--json=" + path, *call, *row.options, *options, "--", *words,
                 env=dict(t.environment(), T_SIZE=str(SIZE), T_PAUSE="5"), timeout=timeout * t.SLOW)
    with open(path, encoding="utf-8") as f:
        document = json.load(f)
    name = "begin" if row.call.startswith("out:") else row.call.split(":")[-1]
    calls = [c for c in document["calls"] if (c["call"]["name"] or "").endswith(name)]
    t.equal(len(calls), 1, (row, [c["call"]["name"] for c in document["calls"]], r))
    return calls[0]["verdict"], r


def traced(row, words):
    """None, or how one trace came out otherwise than the table says."""
    v, r = judged("trace", row, words)
    seen = (v["answer"], v["outcome"])
    right = v["answer"] in row.answer.split("/") and v["outcome"] == row.outcome
    return None if right else (row, seen, v["reason"], r)


def proved(row, words):
    v, r = judged("prove", row, words, "--yes", "--budget=240s", timeout=500)
    return None if v["answer"] == row.proved else (row, v["answer"], v["reason"], r)
