"""The shared helpers themselves, against known answers and small programs."""
import os
import sys

import t


def test_signature_of_the_published_example():
    """GET Object of "Authenticating Requests: Using the Authorization Header", Amazon S3 API reference."""
    signer = t.SigV4("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    headers = [("Host", "examplebucket.s3.amazonaws.com"), ("Range", "bytes=0-9"),
               ("x-amz-content-sha256", t.EMPTY_SHA256), ("x-amz-date", "20130524T000000Z")]
    canonical = signer.canonical("GET", "/test.txt", [], headers,
                                 ["host", "range", "x-amz-content-sha256", "x-amz-date"], t.EMPTY_SHA256)
    t.equal(signer.signature("20130524T000000Z", canonical),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_chunk_signatures_of_the_published_example():
    """"Signature Calculations: Transferring Payload in Multiple Chunks", Amazon S3 API reference."""
    signer = t.SigV4("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    first = signer.chunk_signature("20130524T000000Z", seed, b"a" * 65536)
    t.equal(first, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
    second = signer.chunk_signature("20130524T000000Z", first, b"a" * 1024)
    t.equal(second, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
    t.equal(signer.chunk_signature("20130524T000000Z", second, b""),
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")


def test_checksums_of_the_check_string():
    check = b"123456789"
    t.equal(t.checksum("crc32", check), "y/Q5Jg==")
    t.equal(t.checksum("crc32c", check), "4waSgw==")
    t.equal(t.checksum("crc64nvme", check), "rosUhgp5mIg=")      # 0xAE8B14860A799888


def test_files_are_alike_for_the_same_seed():
    a, b = t.make_file("a", 3 * t.MiB + 5), t.make_file("b", 3 * t.MiB + 5)
    t.equal(os.path.getsize(a), 3 * t.MiB + 5)
    t.equal(t.sha256(a), t.sha256(b))
    t.true(t.sha256(a) != t.sha256(t.make_file("c", 3 * t.MiB + 5, seed=2)))


def test_a_process_is_read_as_it_goes_and_killed():
    p = t.Process(sys.executable, "-uc", "import time\nprint('PORT=1')\ntime.sleep(60)")
    t.equal(p.wait_line(r"^PORT=(\d+)").group(1), "1")
    p.close()
    t.true(not p.running())


def test_a_terminal():
    p = t.Pty(sys.executable, "-c", "import os\nprint(os.get_terminal_size())\nprint(input('? ')[::-1])", size=(33, 99))
    p.expect(r"columns=99, lines=33")
    p.expect(r"\? ")
    p.send("abc\n")
    p.expect(r"cba")
    t.equal(p.wait(), 0)


def test_environment_keeps_the_user_out():
    os.environ["AWS_SECRET_ACCESS_KEY"] = "canary"
    r = t.run(sys.executable, "-c", "import os; print(os.environ.get('AWS_SECRET_ACCESS_KEY'), os.environ['HOME'])")
    t.equal(r.out.strip(), "None " + t.tmp("home"))


def test_a_skip_says_why():
    r = t.run(sys.executable, "-c", "import t\ndef test_x(): t.skip('no moon')\nt.main()",
              env=t.environment(PYTHONPATH=os.path.dirname(t.__file__)))
    t.equal((r.status, r.out), (77, "skipped test_x: no moon\n"))


if __name__ == "__main__":
    t.main()
