"""https under trace: through the probe the same verdicts as over http; --tls-relay for those it cannot look into."""
import json
import os

import t

PYTHON = "/usr/bin/python3"
UPLOAD = """
import boto3, sys
s = boto3.client("s3", endpoint_url=sys.argv[1])
with open(sys.argv[2], "rb") as f:
    s.upload_fileobj(f, "bkt", "k")
"""
GO = """
package main

import ("bytes"; "net/http"; "os")

func main() {
	q, _ := http.NewRequest("PUT", os.Args[1], bytes.NewReader(make([]byte, 1 << 20)))
	r, err := http.DefaultClient.Do(q)
	if err != nil { println(err.Error()); os.Exit(3) }
	r.Body.Close()
	if r.StatusCode != 200 { os.Exit(4) }
}
"""
CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                "NODE_EXTRA_CA_CERTS")


def serve():
    return t.Serve("--tls", "--auto-bucket", "--anonymous")


def ca(server):
    return server.values["CA_FILE"]


def environment(server, **more):
    env = t.environment(AWS_ACCESS_KEY_ID=server.values["AWS_ACCESS_KEY_ID"],
                        AWS_SECRET_ACCESS_KEY=server.values["AWS_SECRET_ACCESS_KEY"],
                        AWS_DEFAULT_REGION="us-east-1")
    for name in CA_VARIABLES:
        env.pop(name, None)
    return dict(env, **more)


def trace(env, *args):
    """The run, and the verdicts of its calls by name."""
    path = os.path.join(t.tmp(), "v.json")
    r = t.xferdb("trace", "--json=" + path, *args, env=env)
    with open(path, encoding="utf-8") as f:
        return r, json.load(f)["calls"][0]["verdict"]


def script():
    path = os.path.join(t.tmp(), "up.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(UPLOAD)
    return path


def need_boto3():
    if t.run(PYTHON, "-c", "import boto3").status:
        t.skip("%s has no boto3" % PYTHON)


def go_program():
    go = t.need("go")
    source, program = os.path.join(t.tmp(), "main.go"), os.path.join(t.tmp(), "put-go")
    with open(source, "w", encoding="utf-8") as f:
        f.write(GO)
    built = t.run(go, "build", "-o", program, source,
                  env=t.environment(CGO_ENABLED="0", GOTOOLCHAIN="local", GOCACHE=os.path.join(t.tmp(), "cache"),
                                    GOFLAGS="-mod=mod", GO111MODULE="off"), timeout=250)
    if built.status:
        t.skip("no static Go program can be built: %s" % built.err[-200:])
    return program


def rclone_words(server, *more):
    return [t.need("rclone"), "--config", os.devnull, "--s3-provider", "Other", "--s3-env-auth",
            "--s3-endpoint", server.endpoint, *more]


# ---- the probe

def test_boto3_waits_over_https_as_over_http():
    need_boto3()
    path = t.make_file("f", 20 * t.MiB)
    with serve() as s:
        r, v = trace(environment(s, AWS_CA_BUNDLE=ca(s)), "--", PYTHON, script(), s.endpoint, path)
    t.equal((r.status, v["answer"], v["basis"], v["outcome"], v["parts"], v["parts_ordered"]),
            (0, "blocks", "happens-before", "stored", 3, 3), r)


def test_curl_waits_over_https_as_over_http():
    curl, path = t.need("curl"), t.make_file("f", t.MiB)
    with serve() as s:
        r, v = trace(environment(s), "--", curl, "-sS", "--cacert", ca(s), "-T", path, s.endpoint + "/bkt/k")
    t.equal((r.status, v["answer"], v["basis"], v["outcome"]), (0, "blocks", "inline", "stored"), r)


def test_tls_that_nobody_reads_is_said():
    path = t.make_file("f", t.MiB)
    with serve() as s:
        r, v = trace(environment(s), "--", *rclone_words(s, "--ca-cert", ca(s), "copyto", path, ":s3:bkt/k"))
    t.equal((r.status, v["answer"], v["outcome"]), (0, "unknown", "unknown"), r)
    t.match("a TLS connection could not be read; --tls-relay may help", r.err)


NODE = """
const https = require("https"), fs = require("fs");
const options = {method: "PUT", ca: fs.readFileSync(process.argv[2]), headers: {"Content-Length": 3}};
https.request(process.argv[1] + "/bucket/key", options, answer => answer.resume()).end("abc");
"""


def test_node_with_its_own_openssl_is_said_not_to_be_read():
    """However little it sends; what the probe can read of others stays without a word."""
    node = t.need("node")
    with serve() as s:
        r, _ = trace(environment(s), "--", node, "-e", NODE, s.endpoint, ca(s))
        t.match("a TLS connection could not be read; --tls-relay may help", r.err)
        r, _ = trace(environment(s), "--", t.need("curl"), "-sS", "--cacert", ca(s), "-T", t.make_file("f", 3), s.endpoint + "/bucket/k")
        t.true("could not be read" not in r.err, r)


# ---- the relay

def relayed(s, *words, **more):
    return trace(environment(s, SSL_CERT_FILE=ca(s), **more), "--tls-relay", *words)


def test_a_static_go_program_through_the_tls_relay():
    program = go_program()
    with serve() as s:
        for url in (s.endpoint, s.endpoint.replace("127.0.0.1", "localhost")):
            r, v = relayed(s, "--", program, url + "/bkt/k")
            t.equal((r.status, v["answer"], v["outcome"], v["parts"]), (0, "unproven", "stored", 1), r)


def test_node_through_the_tls_relay_is_not_said_to_be_unread():
    node = t.need("node")
    with serve() as s:
        r, v = relayed(s, "--", node, "-e", NODE.replace("ca: fs.readFileSync(process.argv[2]), ", ""), s.endpoint, NODE_EXTRA_CA_CERTS=ca(s))
        t.equal((r.status, v["outcome"]), (0, "stored"), r)
        t.true("could not be read" not in r.err, r)


def test_rclone_through_the_tls_relay():
    path = t.make_file("f", 20 * t.MiB)
    with serve() as s:
        r, v = relayed(s, "--", *rclone_words(s, "copyto", path, ":s3:bkt/k"))
        t.equal((r.status, v["answer"], v["outcome"]), (0, "unproven", "stored"), r)


def test_boto3_and_curl_through_the_tls_relay():
    need_boto3()
    curl, path = t.need("curl"), t.make_file("f", 20 * t.MiB)
    with serve() as s:
        for words in ([PYTHON, script(), s.endpoint, path], [curl, "-sS", "-T", path, s.endpoint + "/bkt/k"]):
            r, v = relayed(s, "--no-probe", "--", *words)
            t.equal((r.status, v["outcome"]), (0, "stored"), r)
        # a variable the user set wins over what botocore would take otherwise: it is changed, too
        r, v = relayed(s, "--no-probe", "--", PYTHON, script(), s.endpoint, path, AWS_CA_BUNDLE=ca(s))
        t.equal((r.status, v["outcome"], v["parts"]), (0, "stored", 3), r)


SPLIT = """
import boto3, sys
plain, tls = (boto3.client("s3", endpoint_url=e, verify=v) for e, v in ((sys.argv[1], None), (sys.argv[2], sys.argv[3])))
at = {"Bucket": "bkt", "Key": "k", "UploadId": plain.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]}
part = plain.upload_part(PartNumber=1, Body=b"x" * 100, **at)
try:
    tls.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}, **at)
except tls.exceptions.ClientError:
    pass
"""


def test_what_may_have_gone_where_nobody_could_read_is_not_called_lost():
    """Its Complete goes over TLS, to another server, so that there is never an object; only a look shows that."""
    need_boto3()
    path = os.path.join(t.tmp(), "split.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SPLIT)
    with serve() as tls, t.Serve("--auto-bucket", "--anonymous") as plain:
        words = ["--no-probe", "--", PYTHON, path, plain.endpoint, tls.endpoint, ca(tls)]
        r, v = trace(environment(plain), *words)
        t.equal((r.status, v["answer"], v["outcome"]), (0, "unknown", "unknown"), r)
        t.match(r"may have gone over a TLS connection that could not be read", r.err)
        t.true("LOST" not in r.err and "left behind" not in r.err, r)
        r, v = trace(environment(plain), "--verify", *words)
        t.equal((v["answer"], v["outcome"]), ("does-not-block", "lost"), r)


def test_a_program_with_cas_of_its_own_sends_nothing_and_it_is_said():
    curl, path = t.need("curl"), t.make_file("f", t.MiB)
    with serve() as s:
        r, _ = relayed(s, "--no-probe", "--", curl, "-sS", "--cacert", ca(s), "-T", path, s.endpoint + "/bkt/k")
        t.equal(r.status, 60, r)
        t.match(r"does not trust the throw-away CA of --tls-relay for 127\.0\.0\.1", r.err)
        t.equal(s.client().get("/bkt/k").status, 404)


def test_a_far_side_that_nobody_trusts_gets_nothing():
    curl, path = t.need("curl"), t.make_file("f", t.MiB)
    with serve() as s:
        r, _ = trace(environment(s), "--tls-relay", "--no-probe", "--", curl, "-sS", "-T", path,
                     s.endpoint + "/bkt/k")
        t.true(r.status != 0, r)
        t.match(r"127\.0\.0\.1 showed a certificate that is not trusted here \(.+\)", r.err)
        t.equal(s.client().get("/bkt/k").status, 404)


if __name__ == "__main__":
    t.main()
