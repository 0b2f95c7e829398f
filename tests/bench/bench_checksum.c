/*
 * What the bytes of an upload cost: GB/s of one thread (CPU time, best of seven)
 * for every algorithm, for the pairs an upload computes in one pass, and the CPU
 * microseconds of one signed request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/s3/checksum.h"
#include "core/s3/sign.h"

enum { SIZE = 8 << 20, ROUNDS = 7, PASSES = 8, REQUESTS = 5000 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void hash(const char *name, uint32_t set, const char *data)
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		struct xf_hasher h;
		if (xf_hasher_init(&h, set))
			return;
		double begin = cpu_s();
		for (int pass = 0; pass < PASSES; pass++)
			xf_hasher_update(&h, data, SIZE);
		double took = cpu_s() - begin;
		best = took < best ? took : best;
		xf_hasher_fini(&h);
	}
	printf("%-50s %8.2f GB/s\n", name, (double)PASSES * SIZE / best / 1e9);
}

static void crc64_by_table(const char *data)
{
	double begin = cpu_s();
	volatile uint64_t crc = xf_crc64nvme_table(0, data, SIZE);
	(void)crc;
	printf("%-50s %8.2f GB/s\n", "CRC64NVME by table", SIZE / (cpu_s() - begin) / 1e9);
}

static void sign(void)
{
	static const struct xf_sign_field headers[] = {
		{ "host", "127.0.0.1:9000" }, { "x-amz-date", "20130524T000000Z" },
		{ "x-amz-content-sha256", XF_UNSIGNED_PAYLOAD }, { "content-length", "8388608" },
	};
	const struct xf_sign_request r = {
		.method = "PUT", .path = "/bucket/key", .query = "partNumber=3&uploadId=abcdef",
		.headers = headers, .nr_headers = 4, .payload = XF_UNSIGNED_PAYLOAD,
	};
	const struct xf_sign_identity id = { .access_key = "AK", .secret_key = "SK", .region = "us-east-1",
					     .at = 1369353600 };
	double begin = cpu_s();
	for (int i = 0; i < REQUESTS; i++) {
		struct xf_signature sig;
		struct xf_buf authorization = XF_BUF_INIT;
		xf_sign(&sig, &authorization, &r, &id, NULL);
		xf_buf_fini(&authorization);
	}
	printf("%-50s %8.2f us\n", "one request signed", (cpu_s() - begin) / REQUESTS * 1e6);
}

int main(void)
{
	char *data = malloc(SIZE);
	if (!data)
		return 1;
	for (unsigned i = 0; i < SIZE; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++)
		hash(xf_checksum_info(a)->name, XF_CHECKSUM_BIT(a), data);
	crc64_by_table(data);
	hash("SHA256 and CRC32 in one pass",
	     XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256) | XF_CHECKSUM_BIT(XF_CHECKSUM_CRC32), data);
	sign();
	free(data);
	return 0;
}
