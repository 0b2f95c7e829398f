"""What trace says of a program, in the words people read: the wait by its line, losses by their name."""
import os

import t

PYTHON = "/usr/bin/python3"
BEGIN = """
import boto3, io, threading
s3 = boto3.client("s3", region_name="us-east-1")
data = io.BytesIO(b"x" * (20 << 20))
"""


def trace(script, *options, launcher=(), words=()):
    import subprocess
    if subprocess.run([PYTHON, "-c", "import boto3"], capture_output=True).returncode:
        t.skip("%s has no boto3" % PYTHON)
    path = os.path.join(t.tmp(), "program.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(BEGIN + script)
    return t.xferdb("trace", "--local", *options, "--", *launcher, PYTHON, path, *words)


def test_a_wait_is_told_by_its_line_and_by_who_woke_it():
    r = trace("boto3.resource('s3').Bucket('bucket').upload_fileobj(data, 'key')\n")
    t.match(r"WAITS \(proved\): upload_fileobj returned only after 3 of 3 parts and Complete; main waited "
            r"[0-9.]+ ms in `self\._done_event\.wait`, s3transfer/futures\.py:[0-9]+, woken by "
            r"ThreadPoolExecutor-[0-9]+_[0-9]+; object stored", r.err)
    t.match(r"waited .* for result, s3transfer/futures\.py:[0-9]+ \(enough by itself\)", r.err)
    t.match(r"waited .* for manager exit.* \(enough by itself\)", r.err)
    t.match(r"(?m)^    s3transfer/futures\.py:[0-9]+ .*result$", r.err)
    t.match(r"(?m)^    .*program\.py:[0-9]+ <module>$", r.err)
    t.true("semaphore" not in r.err, r)


def test_a_loop_waits_in_its_poll_and_not_in_the_read_behind_it():
    r = trace("""
import asyncio
async def main():
    await asyncio.to_thread(s3.upload_fileobj, data, 'bucket', 'key')
print('begin', flush=True)
asyncio.run(main())
print('end', flush=True)
""", "--call", "out:begin:end", "--fault", "part=1,hold=500ms")
    t.match(r"WAITS \(proved\): begin returned only after .*; main waited [0-9]{3,} ms in `asyncio\.run`, .*program\.py:10, "
            r"woken by asyncio_0", r.err)
    t.match(r"(?m)^  waited .* for event loop, .*program\.py:10", r.err)
    t.match(r"(?m)^    asyncio/base_events\.py:[0-9]+ BaseEventLoop\._run_once$|block exit", r.err)
    t.true("fd (" not in r.err and "for fd" not in r.err, r)


def test_a_program_that_another_became_is_told_by_its_lines_too():
    r = trace("s3.upload_fileobj(data, 'bucket', 'key')\n", "--call", "exit",
              launcher=("sh", "-c", 'exec "$0" "$@"'))
    t.match(r"WAITS \(proved\): the program returned only after 3 of 3 parts and Complete; main waited [0-9.]+ ms in "
            r"`self\._done_event\.wait`, s3transfer/futures\.py:[0-9]+", r.err)


def test_both_barriers_are_in_the_json_by_name():
    r = trace("s3.upload_fileobj(data, 'bucket', 'key')\n", "--json")
    barriers = {b["name"]: b for b in r.json["calls"][0]["verdict"]["barriers"]}
    t.equal((barriers["result"]["sufficient"], barriers["result"]["scope"]), (True, "call"), r)
    t.equal((barriers["manager exit"]["sufficient"], barriers["manager exit"]["scope"]), (True, "block"), r)
    chain = r.json["calls"][0]["verdict"]["evidence"][0]["chain"]
    woken = [link for link in chain if link["event"] == "sem_acquired" and link["thread"] == "main"]
    t.equal([(link["file"], link["line"] > 0) for link in woken], [("s3transfer/futures.py", True)], chain)


def lost(script, *options):
    r = trace(script, "--json", *options)
    t.equal(r.status, 0, r)
    t.match(r"(?m)^\S+ the program ended with exit status 0, but what .* was to upload is LOST", r.err)
    t.true("is ended" not in r.err, r)
    for call in r.json["calls"]:
        t.equal(call["verdict"]["outcome"], "lost", r)
    t.equal(r.json["summary"]["lost"], len(r.json["calls"]), r)
    return r


def test_a_daemon_thread_that_is_cut_off_loses_its_upload():
    r = lost("begun = threading.Event()\n"
             "s3.meta.events.register('before-call.s3', lambda **_: begun.set())\n"
             "threading.Thread(target=s3.upload_fileobj, args=(data, 'bucket', 'key'), daemon=True).start()\n"
             "begun.wait()\n")
    t.match(r"LOST.*: upload_fileobj", r.err)
    t.match(r"LOST, .*: the program", r.err)


def test_a_daemon_thread_that_had_time_to_raise_has_lost_its_upload_all_the_same():
    """Its client takes the upload back, and the call raises, before the interpreter is gone."""
    r = lost("import atexit, concurrent.futures.thread as pools, time\n"
             "begun, ended = threading.Event(), threading.Event()\n"
             "class Late(io.BytesIO):\n"
             "    def read(self, *size):\n"
             "        begun.set()\n"
             "        while not pools._shutdown:\n"
             "            time.sleep(0.01)\n"
             "        return super().read(*size)\n"
             "def upload():\n"
             "    try:\n"
             "        s3.upload_fileobj(Late(b'x' * (20 << 20)), 'bucket', 'key')\n"
             "    finally:\n"
             "        ended.set()\n"
             "atexit.register(ended.wait)\n"
             "threading.Thread(target=upload, daemon=True).start()\n"
             "begun.wait()\n")
    t.match(r"LOST: upload_fileobj", r.err)
    t.match(r"LOST, DOES NOT WAIT \(seen\): the program: ", r.err)
    t.true("0 of 0" not in r.err, r)


def test_a_manager_that_nobody_waits_for_loses_its_upload():
    lost("from s3transfer.manager import TransferManager\n"
         "TransferManager(s3).upload(data, 'bucket', 'key')\n")


def test_a_thread_that_comes_too_late_for_its_pools_loses_its_upload():
    r = trace("threading.Thread(target=s3.upload_fileobj, args=(data, 'bucket', 'key')).start()\n", "--json")
    outcomes = {call["verdict"]["outcome"] for call in r.json["calls"]}
    if "cannot schedule new futures" not in r.err:
        t.skip("this interpreter lets threads submit until they have ended")
    t.equal(outcomes, {"lost"}, r)


def test_a_bucket_that_is_refused_is_a_failure_with_the_services_code():
    r = trace("s3.upload_fileobj(data, 'No_Such..B', 'key')\n", "--json")
    call = r.json["calls"][0]
    t.equal((r.status, call["verdict"]["outcome"]), (1, "failed"), r)
    error = call["transfers"][0]["error"]
    t.equal((error["code"], error["http_status"], error["operation"]),
            ("InvalidBucketName", 400, "CreateMultipartUpload"), r)


def test_a_call_that_waits_in_a_program_that_does_not_is_both():
    r = trace("import time\n"
              "threading.Thread(target=s3.upload_fileobj, args=(data, 'bucket', 'key')).start()\ntime.sleep(3)\n")
    t.match(r"both are true: upload_fileobj keeps its own thread waiting", r.err)
    t.match(r"to settle it: xferdb prove --local --call exit -- /usr/bin/python3 .*program\.py", r.err)


def test_of_both_only_a_call_that_the_program_left_open_is_told():
    r = trace("import os, time\n"
              "uploads = [threading.Thread(target=s3.upload_fileobj, args=(io.BytesIO(b'x'), 'bucket', n), name=n) for n in ('left', 'joined')]\n"
              "for u in uploads:\n    u.start()\nuploads[1].join()\nos._exit(time.sleep(2) or 0)\n")
    t.match(r"both are true: upload_fileobj keeps its own thread waiting, left; nothing shows", r.err)
    t.equal(r.err.count("both are true"), 1, r)


def test_an_object_that_is_read_back_is_no_second_question():
    r = trace("s3.upload_fileobj(data, 'bucket', 'key')\ns3.get_object(Bucket='bucket', Key='key')['Body'].read()\n"
              "s3.download_fileobj('bucket', 'key', io.BytesIO())\ns3.download_file('bucket', 'key', '/dev/null')\n",
              "--json", "--expect", "blocks,stored")
    t.equal((r.status, [c["call"]["name"] for c in r.json["calls"]]), (0, ["boto3.s3.inject:upload_fileobj"]), r)


def test_what_a_resource_uploads_is_on_trial_as_a_clients():
    r = trace("bucket = boto3.resource('s3', region_name='us-east-1').Bucket('bucket')\nbucket.upload_fileobj(data, 'a')\n"
              "bucket.put_object(Key='b', Body=b'x')\nbucket.Object('c').put(Body=b'x')\n"
              "bucket.copy({'Bucket': 'bucket', 'Key': 'b'}, 'd')\nbucket.Object('e').copy({'Bucket': 'bucket', 'Key': 'b'})\n"
              "bucket.Object('f').copy_from(CopySource={'Bucket': 'bucket', 'Key': 'b'})\n", "--json")
    names = [c["call"]["name"].split(":")[1] for c in r.json["calls"]]
    t.equal(names, ["bucket_upload_fileobj", "put_object", "put_object", "bucket_copy", "object_copy", "copy_object"], r)
    t.equal([(c["verdict"]["answer"], c["verdict"]["outcome"]) for c in r.json["calls"]], [("blocks", "stored")] * 6, r)


def test_who_was_killed_in_its_call_is_told_so():
    r = trace("import os\nclass Stop(io.BytesIO):\n    def read(self, *size):\n        os.kill(os.getpid(), 9)\n        return super().read(*size)\n"
              "s3.upload_fileobj(Stop(b'x'), 'bucket', 'key')\n")
    t.equal(r.status, 137, r)
    t.match("come to its own end: it was killed", r.err)


def test_what_would_settle_it_can_be_pasted():
    r = trace("import time\n"
              "print('it begins', flush=True)\n"
              "threading.Thread(target=s3.upload_fileobj, args=(data, 'bucket', 'key'), daemon=True).start()\n"
              "time.sleep(3)\nprint('end', flush=True)\n", "--call", "out:it begins:end",
              words=("a file", "--size=3", "--token", "T0K3N"))
    t.match(r"(?m)to settle it: xferdb prove --local --call 'out:it begins:end' -- /usr/bin/python3 \S+program\.py "
            r"'a file' --size=3 --token \.\.\.  \(put in again what stands as \.\.\.\)$", r.err)
    t.true("T0K3N" not in r.err, r)


if __name__ == "__main__":
    t.main()
