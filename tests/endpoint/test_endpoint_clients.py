"""The embedded endpoint as clients that are not ours use it: boto3, the AWS CLI, rclone.

Each uploads small, multipart and empty files, lists, reads back byte-identical, copies, deletes."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import t

FILES = (("empty", 0), ("small", 100000), ("large", 21 * t.MiB + 17))

BOTO3 = r"""
import os, sys, hashlib, boto3
from boto3.s3.transfer import TransferConfig
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], verify=os.environ.get("AWS_CA_BUNDLE") or None)
digest = lambda path: hashlib.sha256(open(path, "rb").read()).hexdigest()
s3.create_bucket(Bucket="made")
for path in sys.argv[1:]:
    name = os.path.basename(path)
    s3.upload_file(path, "made", "dir/" + name, Config=TransferConfig(max_concurrency=4))
    s3.download_file("made", "dir/" + name, path + ".back")
    assert digest(path) == digest(path + ".back"), name
    with open(path, "rb") as f:
        s3.upload_fileobj(f, "made", "obj/" + name, ExtraArgs={"Metadata": {"a": "b"}, "ChecksumAlgorithm": "SHA256"})
    assert s3.head_object(Bucket="made", Key="obj/" + name)["Metadata"] == {"a": "b"}
    s3.copy({"Bucket": "made", "Key": "dir/" + name}, "made", "copy/" + name)
    assert s3.get_object(Bucket="made", Key="copy/" + name)["Body"].read() == open(path, "rb").read()
keys = [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket="made", PaginationConfig={"PageSize": 2}) for o in page["Contents"]]
assert len(keys) == 9, keys
assert [p["Prefix"] for p in s3.list_objects(Bucket="made", Delimiter="/")["CommonPrefixes"]] == ["copy/", "dir/", "obj/"]
try:
    s3.get_object(Bucket="made", Key="none")
    raise SystemExit("no error")
except s3.exceptions.NoSuchKey:
    pass
assert len(s3.delete_objects(Bucket="made", Delete={"Objects": [{"Key": k} for k in keys]})["Deleted"]) == 9
assert "Uploads" not in s3.list_multipart_uploads(Bucket="made")
s3.delete_bucket(Bucket="made")
print("boto3", boto3.__version__, "fine")
"""


def files():
    return [t.make_file(name, size) for name, size in FILES]


def run(server, *args, **env):
    done = subprocess.run([str(a) for a in args], env=server.environment(**env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, universal_newlines=True)
    t.equal(done.returncode, 0, done.stdout[-3000:])
    return done.stdout


def boto3(python, *flags):
    with t.Serve(*flags, auto_bucket=False) as s:
        t.match("boto3 .* fine", run(s, python, "-c", BOTO3, *files()))


def debian_boto3():
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import boto3"], stderr=subprocess.DEVNULL).returncode:
        t.skip("python3-boto3 is not installed")
    return python


def test_debian_boto3():
    boto3(debian_boto3())


def test_debian_boto3_over_tls():
    boto3(debian_boto3(), "--tls")


def test_debian_boto3_with_a_folder():
    boto3(debian_boto3(), "--dir", os.path.join(t.tmp(), "store"))


def current_boto3():
    """A boto3 with today's checksum defaults: T_BOTO3_PYTHON names an interpreter that has one."""
    python = os.environ.get("T_BOTO3_PYTHON")
    if not python:
        folder = os.path.join(t.BUILD, "venv-boto3")
        python = os.path.join(folder, "bin", "python3")
        if not os.path.exists(os.path.join(folder, "ready")):
            made = subprocess.run("python3 -m venv '%s' && '%s' -m pip -q install boto3 && touch '%s/ready'" % (
                folder, python, folder), shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if made.returncode:
                t.skip("no current boto3: it could not be installed from PyPI")
    return python


def test_current_boto3():
    boto3(current_boto3())


def test_current_boto3_over_tls():
    boto3(current_boto3(), "--tls")


def same(a, b):
    t.equal(t.sha256(a), t.sha256(b))


def test_aws_cli():
    aws = t.need("aws")
    with t.Serve(auto_bucket=False) as s:
        def cli(*args):
            return run(s, aws, "--endpoint-url", s.endpoint, *args)
        cli("s3", "mb", "s3://made")
        for path in files():
            name = os.path.basename(path)
            cli("s3", "cp", path, "s3://made/dir/" + name)
            cli("s3", "cp", "s3://made/dir/" + name, path + ".back")
            same(path, path + ".back")
            cli("s3", "cp", "s3://made/dir/" + name, "s3://made/copy/" + name)
        t.equal(len(cli("s3", "ls", "--recursive", "s3://made").splitlines()), 6)
        t.match("PRE copy/", cli("s3", "ls", "s3://made"))
        t.match('"ContentLength": 100000', cli("s3api", "head-object", "--bucket", "made", "--key", "dir/small",
                                               "--output", "json"))
        cli("s3", "rm", "--recursive", "s3://made")
        cli("s3", "rb", "s3://made")


def test_rclone():
    rclone = t.need("rclone")
    with t.Serve(auto_bucket=False) as s:
        def clone(*args):
            return run(s, rclone, "--config", "/dev/null", "--retries", "1", *args, RCLONE_CONFIG_X_TYPE="s3",
                       RCLONE_CONFIG_X_PROVIDER="Other", RCLONE_CONFIG_X_ENV_AUTH="true",
                       RCLONE_CONFIG_X_ENDPOINT=s.endpoint, RCLONE_CONFIG_X_REGION="us-east-1",
                       RCLONE_CONFIG_X_CHUNK_SIZE="5M", RCLONE_CONFIG_X_UPLOAD_CUTOFF="5M")
        clone("mkdir", "x:made")
        for path in files():
            name = os.path.basename(path)
            clone("copyto", path, "x:made/dir/" + name)
            clone("copyto", "x:made/dir/" + name, path + ".back")
            same(path, path + ".back")
            clone("copyto", "x:made/dir/" + name, "x:made/copy/" + name)
        t.equal(len(clone("lsf", "-R", "--files-only", "x:made").splitlines()), 6)
        clone("check", "--download", "x:made/dir", "x:made/copy")
        clone("purge", "x:made")


if __name__ == "__main__":
    t.main()
