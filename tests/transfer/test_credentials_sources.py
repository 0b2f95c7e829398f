"""Credentials beyond keys, from loopback stand-ins of where they come from, through the real binary."""
import datetime
import http.server
import json
import os
import signal
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
        self.answers, self.heard, self.put_status = list(answers), [], 200
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self._answer(b"imds-token" if source.put_status == 200 else b"", source.put_status)

            def do_GET(self):
                if self.path.endswith("/security-credentials/"):
                    self._answer(b"the-role")
                    return
                given = source.answers[0] if len(source.answers) == 1 else source.answers.pop(0)
                self._answer(json.dumps(dict({"Code": "Success"}, **given)).encode())

            def _answer(self, body, status=200):
                source.heard.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(status)
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


def ops_answered(server):
    return [q.op for q in server.requests if q.answered]


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


def profile(server, text):
    """An environment whose profile p says text."""
    env = environment(server, AWS_PROFILE="p")
    with open(os.path.join(env["HOME"], ".aws/config"), "w") as f:
        f.write("[profile p]\n%s\n[profile base]\naws_access_key_id = A\naws_secret_access_key = S\n" % text)
    return env


def test_what_a_profile_cannot_give_is_one_sentence_and_nothing_is_sent():
    """The cause is said, not that nothing is configured."""
    with scripted.Server() as server:
        for text, says in (("credential_process = /bin/false", "/bin/false failed with exit status 1"),
                           ("credential_process = /bin/echo garbage", "not a JSON object"),
                           ("credential_process = /bin/true", "not a JSON object"),
                           ("credential_process = /absent/program", "could not be started"),
                           ("role_arn = arn:aws:iam::1:role/x\nsource_profile = base", "role_arn.* is not supported"),
                           ("sso_session = s", "single sign-on.* is not supported"),
                           ("aws_access_key_id = A", "aws_secret_access_key is missing")):
            r, _ = put(server, env=profile(server, text))
            t.equal((r.status, server.requests, r.err.count("\n")), (2, [], 1), r)
            t.match(says, r.err)
            t.true("are configured" not in r.err, r)


def test_keys_that_would_break_a_header_are_refused_and_nothing_is_sent():
    usual = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T"}
    with scripted.Server() as server:
        for name, what in (("AWS_ACCESS_KEY_ID", "access key"), ("AWS_SECRET_ACCESS_KEY", "secret key"),
                           ("AWS_SESSION_TOKEN", "session token")):
            for value in ("canary\n", "canary\r\nX-Evil: y", "canary\x7f"):
                r, _ = put(server, env=environment(server, **{**usual, name: value}))
                t.equal((r.status, server.requests, r.err.count("\n")), (2, [], 1), (name, r))
                t.match("the %s .*line end" % what, r.err)
                t.true("canary" not in r.err, r)


def test_a_signal_ends_the_wait_for_a_credential_process():
    with scripted.Server() as server:
        asked, program = t.tmp("asked"), t.tmp("slow")
        with open(program, "w") as f:
            f.write("#!/bin/sh\necho $$ > %s.new; mv %s.new %s; exec sleep 600\n" % (asked, asked, asked))
        os.chmod(program, 0o755)
        p = t.Process(t.XFERDB, "put", t.make_file("f", 10), "s3://bucket/key",
                      env=profile(server, "credential_process = %s" % program))
        t.wait_until(lambda: os.path.exists(asked), 60)
        p.signal(signal.SIGINT)
        t.equal((p.wait(), server.requests), (130, []), p.text())
        with open(asked) as f:
            t.true(not os.path.exists("/proc/" + f.read().strip()), "the program goes on")


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


def test_a_refresh_that_fails_ends_the_upload_and_leaves_nothing():
    """The abort is signed with the keys at hand, which are good for half a minute yet."""
    with scripted.Server() as server, Source(keys(1, 30)) as source:
        server.misfortune = lambda r: source.answers.insert(0, {"Code": "Failed"}) if r.op == "create" else None
        r, seen = put(server, 20 * t.MiB, env=environment(server, AWS_CONTAINER_CREDENTIALS_FULL_URI=source.url + "/role"))
        t.equal((r.status, server.uploads, server.objects), (3, {}, {}), r)
        last = [q for q in server.requests if q.answered][-1]
        t.equal((last.op, seen), ("abort", {("AKID1", "token1")}), server.requests)


def test_a_signal_ends_a_refresh_that_hangs_and_the_upload_is_aborted():
    """Keys of half a minute are asked for again with each request; from the first part on nobody answers."""
    with scripted.Server() as server:
        created, asked, program = t.tmp("created"), t.tmp("asked"), t.tmp("creds")
        given = json.dumps(dict({k.replace("Token", "SessionToken"): v for k, v in keys(1, 30).items()}, Version=1))
        with open(program, "w") as f:
            f.write("#!/bin/sh\nif [ -e %s ]; then : > %s; exec sleep 600; fi\necho '%s'\n" % (created, asked, given))
        os.chmod(program, 0o755)

        def create(r):
            if r.op == "create":
                open(created, "w").close()
        server.misfortune = create
        p = t.Process(t.XFERDB, "put", t.make_file("f", 20 * t.MiB), "s3://bucket/key", "--no-trace",
                      env=profile(server, "credential_process = %s" % program))
        t.wait_until(lambda: os.path.exists(asked))
        p.signal(signal.SIGINT)
        t.equal((p.wait(20), ops_answered(server), server.uploads), (130, ["create", "abort"], {}), p.text())


def test_an_instance_without_imdsv2_is_asked_without_a_token():
    with scripted.Server() as server, Source(keys(3)) as source:
        source.put_status = 404
        r, seen = put(server, env=environment(server, AWS_EC2_METADATA_DISABLED=None,
                                              AWS_EC2_METADATA_SERVICE_ENDPOINT=source.url))
        t.equal((r.status, seen), (0, {("AKID3", "token3")}), r)


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


def test_what_a_service_repeats_of_the_request_is_masked():
    token, key = "canary-session-token-" + "x" * 400, "canary-of-thirty-two-bytes-12345"
    said = []

    def repeat(r):
        said[:] = [r.headers["x-amz-security-token"], r.headers["authorization"].split("Signature=")[1],
                   r.headers["x-amz-server-side-encryption-customer-key"]]
        return 400, scripted.error("Odd", " ".join([said[1], said[2], said[0]])), {}
    with scripted.Server() as server:
        server._put = repeat
        r = t.xferdb("put", t.make_file("f", 10), "s3://bucket/key", "--json", "-o", t.tmp("x.xft"), "--sse-c", "--sse-c-key", key,
                     env=environment(server, AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY="S", AWS_SESSION_TOKEN=token))
        t.equal((r.status, r.call["transfers"][0]["error"]["code"]), (3, "Odd"), r)
        with open(t.tmp("x.xft"), "rb") as f:
            everything = f.read() + r.out_bytes + r.err_bytes
        for word in said:
            t.true(word[:8].encode() not in everything, word)
        t.match(r"\*\*\*\*", r.err)


if __name__ == "__main__":
    t.main()
