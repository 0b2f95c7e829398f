/*
 * Checksums against published values ("123456789" of the CRC catalogue, the
 * examples of RFC 1321, FIPS 180 and RFC 3720), against each other, and against bit by bit
 * division, for random splits and alignments.
 */
#include "t.h"

#include "core/s3/checksum.h"
#include "core/s3/encode.h"

#define NINE "123456789"

static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* xorshift64: the same numbers on every run */
static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(random_next() >> 32);
}

static void assert_hex(enum xf_checksum algorithm, const void *data, size_t len, const char *hex)
{
	struct xf_digest d;
	char text[XF_HEX_SIZE(XF_DIGEST_MAX)];
	assert_int_equal(xf_checksum_of(&d, algorithm, data, len), XF_OK);
	assert_string_equal(xf_digest_hex(&d, text), hex);
}

static void published_values(void **state)
{
	(void)state;
	assert_hex(XF_CHECKSUM_CRC32, NINE, 9, "cbf43926");
	assert_hex(XF_CHECKSUM_CRC32C, NINE, 9, "e3069283");
	assert_hex(XF_CHECKSUM_CRC64NVME, NINE, 9, "ae8b14860a799888");
	assert_hex(XF_CHECKSUM_SHA1, "abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_hex(XF_CHECKSUM_SHA256, "abc", 3,
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hex(XF_CHECKSUM_SHA512, "abc", 3,
		   "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		   "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	assert_hex(XF_CHECKSUM_MD5, "abc", 3, "900150983cd24fb0d6963f7d28e17f72");
}

static void values_of_nothing(void **state)
{
	(void)state;
	assert_hex(XF_CHECKSUM_CRC32, "", 0, "00000000");
	assert_hex(XF_CHECKSUM_CRC32C, "", 0, "00000000");
	assert_hex(XF_CHECKSUM_CRC64NVME, "", 0, "0000000000000000");
	assert_hex(XF_CHECKSUM_SHA1, "", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_hex(XF_CHECKSUM_MD5, "", 0, "d41d8cd98f00b204e9800998ecf8427e");
}

/* RFC 3720 B.4, and for CRC64NVME the NVM Express specification's 4 KiB buffers. */
static void published_buffers(void **state)
{
	(void)state;
	static uint8_t data[4096];
	assert_hex(XF_CHECKSUM_CRC32C, data, 32, "8a9136aa");
	assert_hex(XF_CHECKSUM_CRC64NVME, data, 4096, "6482d367eb22b64e");
	memset(data, 0xff, sizeof(data));
	assert_hex(XF_CHECKSUM_CRC32C, data, 32, "62a8ab43");
	assert_hex(XF_CHECKSUM_CRC64NVME, data, 4096, "c0ddba7302eca3ac");
	for (unsigned i = 0; i < 4096; i++)
		data[i] = (uint8_t)i;
	assert_hex(XF_CHECKSUM_CRC32C, data, 32, "46dd794e");
	assert_hex(XF_CHECKSUM_CRC64NVME, data, 4096, "3e729f5f6750449c");
}

/* Division as it is defined, one bit at a time. */
static uint64_t crc_by_bits(uint64_t polynomial, unsigned bits, const uint8_t *p, size_t len)
{
	uint64_t ones = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1, crc = ones;
	for (; len; len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	}
	return crc ^ ones;
}

static uint64_t value_of(const struct xf_digest *d)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < d->len; i++)
		v = v << 8 | d->bytes[i];
	return v;
}

static const struct {
	enum xf_checksum algorithm;
	uint64_t polynomial;
	unsigned bits;
} crcs[] = {
	{ XF_CHECKSUM_CRC32, 0xedb88320u, 32 },
	{ XF_CHECKSUM_CRC32C, 0x82f63b78u, 32 },
	{ XF_CHECKSUM_CRC64NVME, 0x9a6c9329ac4bc9b5u, 64 },
};

static void crcs_are_the_remainder_at_every_length_and_alignment(void **state)
{
	(void)state;
	static uint8_t data[1200];
	random_fill(data, sizeof(data));
	for (size_t len = 0; len < 700; len++)
		for (unsigned i = 0; i < 3; i++) {
			const uint8_t *p = data + random_next() % 64;
			struct xf_digest d;
			assert_int_equal(xf_checksum_of(&d, crcs[i].algorithm, p, len), XF_OK);
			assert_int_equal(value_of(&d), crc_by_bits(crcs[i].polynomial, crcs[i].bits, p, len));
		}
}

static void both_ways_to_crc64nvme_agree(void **state)
{
	(void)state;
	static uint8_t data[70000];
	random_fill(data, sizeof(data));
	for (int i = 0; i < 500; i++) {
		size_t from = random_next() % 100, len = random_next() % (i < 400 ? 2000 : 69900);
		uint64_t before = random_next();
		assert_int_equal(xf_crc64nvme(before, data + from, len),
				 xf_crc64nvme_table(before, data + from, len));
	}
#ifdef __x86_64__
	if (!xf_crc64nvme_is_fast())
		print_message("no PCLMULQDQ here: only the table was tried\n");
#endif
}

#define ALL_SET ((1u << XF_CHECKSUM_COUNT) - 2)

static void one_pass_in_any_pieces_gives_what_one_piece_gives(void **state)
{
	(void)state;
	static uint8_t data[100000];
	random_fill(data, sizeof(data));
	struct xf_hasher h;
	assert_int_equal(xf_hasher_init(&h, ALL_SET), XF_OK);
	for (int round = 0; round < 20; round++) {
		size_t len = random_next() % sizeof(data);
		for (size_t at = 0; at < len;) {
			size_t now = random_next() % (round < 10 ? 97 : 50000) + 1;
			now = now < len - at ? now : len - at;
			xf_hasher_update(&h, data + at, now);
			at += now;
		}
		assert_int_equal(h.len, len);
		for (enum xf_checksum a = 1; a < XF_CHECKSUM_COUNT; a++) {
			struct xf_digest pieces, whole;
			xf_hasher_final(&h, a, &pieces);
			assert_int_equal(xf_checksum_of(&whole, a, data, len), XF_OK);
			assert_true(xf_digest_equal(&pieces, &whole));
		}
		assert_int_equal(xf_hasher_reset(&h), XF_OK);
	}
	xf_hasher_fini(&h);
}

static void parts_combine_to_the_crc_of_the_whole(void **state)
{
	(void)state;
	static uint8_t data[50000];
	random_fill(data, sizeof(data));
	for (unsigned i = 0; i < 3; i++)
		for (int round = 0; round < 30; round++) {
			struct xf_digest total = { .len = 0 }, part, whole;
			size_t len = random_next() % sizeof(data);
			for (size_t at = 0, now; at < len; at += now) {
				now = random_next() % 9000; /* empty parts too */
				now = now < len - at ? now : len - at;
				xf_checksum_of(&part, crcs[i].algorithm, data + at, now);
				assert_int_equal(xf_digest_combine(&total, &part, now), XF_OK);
			}
			xf_checksum_of(&whole, crcs[i].algorithm, data, len);
			if (len)
				assert_true(xf_digest_equal(&total, &whole));
		}
}

/* 5 TiB of zero bytes: halves of equal value, doubled. */
static void combining_reaches_beyond_32_bits(void **state)
{
	(void)state;
	static uint8_t zeros[1 << 20];
	for (unsigned i = 0; i < 3; i++) {
		struct xf_digest doubled, added = { .len = 0 }, mib;
		xf_checksum_of(&mib, crcs[i].algorithm, zeros, sizeof(zeros));
		doubled = mib;
		for (uint64_t len = sizeof(zeros); len < (uint64_t)1 << 36; len *= 2) {
			struct xf_digest half = doubled;
			assert_int_equal(xf_digest_combine(&doubled, &half, len), XF_OK);
		}
		for (int n = 0; n < 1 << 16; n++)
			xf_digest_combine(&added, &mib, sizeof(zeros));
		assert_true(xf_digest_equal(&doubled, &added));
	}
}

static void what_does_not_combine_is_refused(void **state)
{
	(void)state;
	struct xf_digest sha, crc, other, total = { .len = 0 };
	xf_checksum_of(&sha, XF_CHECKSUM_SHA256, NINE, 9);
	xf_checksum_of(&crc, XF_CHECKSUM_CRC32, NINE, 9);
	xf_checksum_of(&other, XF_CHECKSUM_CRC32C, NINE, 9);
	assert_int_equal(xf_digest_combine(&total, &sha, 9), XF_UNSUPPORTED);
	assert_int_equal(xf_digest_combine(&crc, &other, 9), XF_INVALID);
	other.len = 0;
	assert_int_equal(xf_digest_combine(&total, &other, 9), XF_INVALID);
}

static void a_composite_is_the_checksum_of_the_parts_values(void **state)
{
	(void)state;
	char text[XF_COMPOSITE_TEXT_SIZE], value[XF_DIGEST_TEXT_SIZE];
	struct xf_digest parts[3], out, by_hand;
	uint8_t joined[12];
	for (int i = 0; i < 3; i++) {
		xf_checksum_of(&parts[i], XF_CHECKSUM_CRC32, &"abc"[i], 1);
		memcpy(joined + 4 * i, parts[i].bytes, 4);
	}
	xf_checksum_of(&by_hand, XF_CHECKSUM_CRC32, joined, sizeof(joined));
	assert_int_equal(xf_digest_composite(&out, text, parts, 3), XF_OK);
	assert_true(xf_digest_equal(&out, &by_hand));
	assert_int_equal(strlen(text), 10);
	assert_memory_equal(text, xf_digest_text(&out, value), 8);
	assert_string_equal(text + 8, "-3");
	assert_int_equal(xf_digest_composite(&out, text, parts, 0), XF_INVALID);
	xf_checksum_of(&parts[2], XF_CHECKSUM_CRC32C, "c", 1);
	assert_int_equal(xf_digest_composite(&out, text, parts, 3), XF_INVALID);
}

static void header_values_are_parsed_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum xf_status status;
		uint32_t nr_parts;
	} cases[] = {
		{ "y/Q5Jg==", XF_OK, 0 },     { "y/Q5Jg==-10000", XF_OK, 10000 },
		{ "y/Q5Jg==-0", XF_INVALID, 0 }, { "y/Q5Jg==-", XF_INVALID, 0 },
		{ "y/Q5Jg==-1x", XF_INVALID, 0 }, { "y/Q5Jh==", XF_INVALID, 0 }, /* left-over bits */
		{ "y/Q5Jg", XF_INVALID, 0 },  { "y/Q5Jg==\n", XF_INVALID, 0 },
		{ "y/Q5JiY=", XF_INVALID, 0 }, { "", XF_INVALID, 0 },
		{ NULL, XF_INVALID, 0 },      { "y/Q5Jg==y/Q5Jg==", XF_INVALID, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_digest d;
		uint32_t nr;
		assert_int_equal(xf_digest_parse_any(&d, &nr, XF_CHECKSUM_CRC32, cases[i].text), cases[i].status);
		if (!cases[i].status) {
			assert_int_equal(nr, cases[i].nr_parts);
			assert_int_equal(value_of(&d), 0xcbf43926);
		}
	}
}

static void names_come_from_one_table(void **state)
{
	(void)state;
	for (enum xf_checksum a = 1; a < XF_CHECKSUM_COUNT; a++) {
		const struct xf_checksum_info *info = xf_checksum_info(a);
		struct xf_digest d;
		assert_int_equal(info->algorithm, a);
		assert_int_equal(xf_checksum_by_name(info->name), a);
		assert_int_equal(xf_checksum_by_header(info->header), a);
		assert_int_equal(xf_checksum_by_element(info->element), a);
		xf_checksum_of(&d, a, "", 0);
		assert_int_equal(d.len, info->size);
	}
	assert_string_equal(xf_checksum_info(XF_CHECKSUM_CRC64NVME)->header, "x-amz-checksum-crc64nvme");
	assert_int_equal(xf_checksum_by_header("X-Amz-Checksum-Crc32C"), XF_CHECKSUM_CRC32C);
	assert_int_equal(xf_checksum_by_header("x-amz-checksum-mode"), XF_CHECKSUM_NONE);
	assert_int_equal(xf_checksum_by_header("x-amz-checksum-"), XF_CHECKSUM_NONE);
	assert_int_equal(xf_checksum_by_name(NULL), XF_CHECKSUM_NONE);
	assert_null(xf_checksum_info(XF_CHECKSUM_NONE));
	assert_null(xf_checksum_info(XF_CHECKSUM_COUNT));
}

/* ---- encodings */

static void base64_goes_both_ways(void **state)
{
	(void)state;
	static const char *const rfc4648[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	for (size_t n = 0; n < 7; n++) {
		char text[16], back[16];
		size_t len;
		assert_int_equal(xf_base64_encode(text, "foobar", n), strlen(rfc4648[n]));
		assert_string_equal(text, rfc4648[n]);
		assert_true(xf_base64_decode(back, n, &len, text));
		assert_int_equal(len, n);
		assert_memory_equal(back, "foobar", n);
		assert_true(!n || !xf_base64_decode(back, n - 1, &len, text)); /* no room */
	}
	static const char *const wrong[] = { "=", "A===", "AA=A", "A", "AA", "AAA", "AAAA=", "====", "AA==AAAA", "A*AA", "AB==" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char back[16];
		size_t len;
		assert_false(xf_base64_decode(back, sizeof(back), &len, wrong[i]));
	}
}

static void hex_goes_both_ways(void **state)
{
	(void)state;
	char text[9];
	uint8_t back[4];
	xf_hex_encode(text, "\x00\xff\x1a\xc9", 4);
	assert_string_equal(text, "00ff1ac9");
	assert_true(xf_hex_decode(back, 4, "00FF1aC9"));
	assert_memory_equal(back, "\x00\xff\x1a\xc9", 4);
	assert_false(xf_hex_decode(back, 4, "00ff1ac"));
	assert_false(xf_hex_decode(back, 4, "00ff1ac9a"));
	assert_false(xf_hex_decode(back, 4, "00ff1acg"));
}

static void assert_percent(enum xf_percent how, const char *plain, const char *encoded)
{
	struct xf_buf out = XF_BUF_INIT, back = XF_BUF_INIT;
	xf_percent_encode(&out, plain, strlen(plain), how);
	assert_string_equal(xf_buf_text(&out), encoded);
	xf_percent_decode(&back, encoded, strlen(encoded), false);
	assert_string_equal(xf_buf_text(&back), plain);
	xf_buf_fini(&out);
	xf_buf_fini(&back);
}

static void percent_goes_both_ways(void **state)
{
	(void)state;
	struct xf_buf out = XF_BUF_INIT;
	assert_percent(XF_PERCENT_ALL, "a/b c+d~e_f-g.h", "a%2Fb%20c%2Bd~e_f-g.h");
	assert_percent(XF_PERCENT_KEEP_SLASH, "a/b\xc3\xbc%", "a/b%C3%BC%25");
	assert_percent(XF_PERCENT_ALL, "", "");
	xf_percent_decode(&out, "a+b%2b%zz%4", 11, true);
	assert_string_equal(xf_buf_text(&out), "a b+%zz%4");
	xf_buf_fini(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(published_values),
	cmocka_unit_test(values_of_nothing),
	cmocka_unit_test(published_buffers),
	cmocka_unit_test(crcs_are_the_remainder_at_every_length_and_alignment),
	cmocka_unit_test(both_ways_to_crc64nvme_agree),
	cmocka_unit_test(one_pass_in_any_pieces_gives_what_one_piece_gives),
	cmocka_unit_test(parts_combine_to_the_crc_of_the_whole),
	cmocka_unit_test(combining_reaches_beyond_32_bits),
	cmocka_unit_test(what_does_not_combine_is_refused),
	cmocka_unit_test(a_composite_is_the_checksum_of_the_parts_values),
	cmocka_unit_test(header_values_are_parsed_strictly),
	cmocka_unit_test(names_come_from_one_table),
	cmocka_unit_test(base64_goes_both_ways),
	cmocka_unit_test(hex_goes_both_ways),
	cmocka_unit_test(percent_goes_both_ways),
};
T_MAIN(tests)
