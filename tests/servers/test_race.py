"""race on a server that is not ours and honours If-None-Match on PutObject."""
import t


def test_ceph():
    with t.RealServer("ceph") as server:
        r = server.xferdb("race", "s3://%s/race/" % server.bucket, "--rounds", "10", "--json", "--start", "together",
                          timeout=300)
        t.equal(r.status, 0, r)
        for way in r.json["ways"]:
            t.equal((way["rounds"], way["failed"], way["none_stored"]), (10, 0, 0), r)
            if way["mode"] == "if-none-match":
                t.equal((way["written_twice"]["hits"], way["newer_lost"]["hits"], way["lost_race"]), (0, 0, None), r)
                t.equal(way["refused"], 10 * (r.json["clients"] - 1), r)
            else:
                t.true(way["written_twice"]["hits"] > 0, r)
        listing = server.aws("s3", "ls", "s3://%s/race/" % server.bucket, "--recursive")
        t.equal(listing.out, "", listing)       # nothing is left behind


if __name__ == "__main__":
    t.main()
