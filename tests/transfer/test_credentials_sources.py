"""Credentials beyond keys, from loopback stand-ins of where they come from, through the real binary."""
import datetime
import http.server
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scripted  # noqa: E402
import t  # noqa: E402


def keys(n, seconds=3600):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return {"AccessKeyId": "AKID%d" % n, "SecretAccessKey": "secret%d" % n, "Token": "token%d" % n,
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}


class Source:
    """A container's or instance's credential endpoint; hears everything."""

    def __init__(self, *answers):
        self.answers, self.heard = list(answers), []
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self._answer(b"imds-token")

            def do_GET(self):
                if self.path.endswith("/security-credentials/"):
                    self._answer(b"the-role")
                    return
                given = source.answers[0] if len(source.answers) == 1 else source.answers.pop(0)
                self._answer(json.dumps(dict(given, Code="Success")).encode())

            def _answer(self, body):
                source.heard.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()


def environment(server, **extra):
    return t.environment(AWS_ENDPOINT_URL=server.endpoint, AWS_REGION="us-east-1", **extra)


def who(request):
    """Access key and session token of a request."""
    found = t.match(r"Credential=([^/]*)/", request.headers.get("authorization", "Credential=/"))
    return found.group(1), request.headers.get("x-amz-security-token")


def put(server, size=10, env=None, args=()):
    r = t.xferdb("put", t.make_file("f", size), "s3://bucket/key", *args, env=env)
    return r, {who(q) for q in server.requests}


def test_a_session_token_is_sent_and_signed():
    with scripted.Server() as server:
        r, seen = put(server, env=environment(server, AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY="S",
                                              AWS_SESSION_TOKEN="T"))
        t.equal((r.status, seen), (0, {("A", "T")}), r)
        t.match("SignedHeaders=[^,]*x-amz-security-token", server.requests[0].headers["authorization"])


def test_a_credential_process_is_asked():
    with scripted.Server() as server:
        env = environment(server, AWS_PROFILE="p")
        script = t.tmp("creds")
        with open(script, "w") as f:
            f.write("#!/bin/sh\necho '%s'\n" % json.dumps(dict(
                {k.replace("Token", "SessionToken"): v for k, v in keys(1).items()}, Version=1)))
        os.chmod(script, 0o755)
        with open(os.path.join(env["HOME"], ".aws/config"), "w") as f:
            f.write("[profile p]\ncredential_process = %s\n" % script)
        r, seen = put(server, 9 * t.MiB, env=env)
        t.equal((r.status, seen), (0, {("AKID1", "token1")}), r)


def test_a_credential_process_that_fails_is_one_sentence():
    with scripted.Server() as server:
        env = environment(server, AWS_PROFILE="p")
        with open(os.path.join(env["HOME"], ".aws/config"), "w") as f:
            f.write("[profile p]\ncredential_process = /bin/false\n")
        r, _ = put(server, env=env)
        t.true(r.status in (2, 3), r)
        t.equal(server.requests, [])


def test_a_container_gives_its_role():
    with scripted.Server() as server, Source(keys(2)) as source:
        r, seen = put(server, env=environment(server, AWS_CONTAINER_CREDENTIALS_FULL_URI=source.url + "/role",
                                              AWS_CONTAINER_AUTHORIZATION_TOKEN="let-me-in"))
        t.equal((r.status, seen), (0, {("AKID2", "token2")}), r)
        t.equal(source.heard[0][2].get("authorization"), "let-me-in")


def test_an_instance_gives_its_role_by_imdsv2():
    with scripted.Server() as server, Source(keys(3)) as source:
        r, seen = put(server, env=environment(server, AWS_EC2_METADATA_DISABLED=None,
                                              AWS_EC2_METADATA_SERVICE_ENDPOINT=source.url))
        t.equal((r.status, seen), (0, {("AKID3", "token3")}), r)
        t.equal(source.heard[0][:2], ("PUT", "/latest/api/token"))
        t.true(all(h.get("x-aws-ec2-metadata-token") == "imds-token" for m, _, h in source.heard if m == "GET"))


def test_credentials_are_refreshed_before_they_expire():
    with scripted.Server(lambda r: "hold:0.2" if r.op == "part" else None) as server, \
            Source(keys(1, 30), keys(2)) as source:
        r, seen = put(server, 9 * t.MiB, args=("--max-concurrency", 1),
                      env=environment(server, AWS_CONTAINER_CREDENTIALS_FULL_URI=source.url + "/role"))
        t.equal(r.status, 0, r)
        t.true(("AKID2", "token2") in seen, seen)


def test_anonymous_requests_carry_no_signature():
    with scripted.Server() as server:
        r, seen = put(server, 9 * t.MiB, env=environment(server), args=("--no-sign-request",))
        t.equal((r.status, seen), (0, {("", None)}), r)


def test_without_any_credentials_nothing_is_sent():
    with scripted.Server() as server:
        r, _ = put(server, env=environment(server))
        t.equal((r.status, server.requests), (2, []), r)
        t.match("--local", r.err)


def test_no_secret_is_said_anywhere():
    secret, token = "canary/secret+key", "canary-session-token"
    with scripted.Server(lambda r: "403" if r.part == 2 else None) as server:
        r = t.xferdb("put", t.make_file("f", 20 * t.MiB), "s3://bucket/key", "--json", "-o", t.tmp("x.xft"),
                     env=environment(server, AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY=secret, AWS_SESSION_TOKEN=token))
        with open(t.tmp("x.xft"), "rb") as f:
            everything = f.read() + r.out_bytes + r.err_bytes
        for word in (secret.encode(), token.encode(), b"Signature="):
            t.true(word not in everything, word)


if __name__ == "__main__":
    t.main()
