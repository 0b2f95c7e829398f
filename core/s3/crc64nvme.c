/*
 * CRC64NVME (NVM Express, "64b CRC"): reflected, initial value and final inversion
 * all ones, polynomial 0xad93d23594c93659.
 *
 * Fast: the message is folded by carry-less multiplication ("Fast CRC Computation
 * for Generic Polynomials Using PCLMULQDQ", Intel, 2009), eight times 16 bytes at
 * a time, so that the multiplications overlap. What is folded is congruent to the
 * message; its last 16 bytes go through the table, which spares the Barrett
 * reduction: it is paid once a call. In the reflected order a product comes out one
 * bit too low, hence the odd exponents.
 */
#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "core/s3/checksum.h"

#define POLYNOMIAL 0x9a6c9329ac4bc9b5u /* reflected */

/* slices[k][b]: the CRC of byte b followed by k zero bytes */
static uint64_t slices[8][256];
static pthread_once_t slices_once = PTHREAD_ONCE_INIT;

static void slices_fill(void)
{
	for (unsigned b = 0; b < 256; b++) {
		uint64_t crc = b;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		slices[0][b] = crc;
	}
	for (unsigned b = 0; b < 256; b++)
		for (int k = 1; k < 8; k++)
			slices[k][b] = slices[k - 1][b] >> 8 ^ slices[0][slices[k - 1][b] & 255];
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t value;
	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

/* Without the inversions at both ends. */
static uint64_t by_table(uint64_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word = crc ^ load64(p);
		crc = 0;
		for (int k = 0; k < 8; k++)
			crc ^= slices[7 - k][word >> 8 * k & 255];
	}
	for (; len; p++, len--)
		crc = crc >> 8 ^ slices[0][(crc ^ *p) & 255];
	return crc;
}

uint64_t xf_crc64nvme_table(uint64_t crc, const void *data, size_t len)
{
	pthread_once(&slices_once, slices_fill);
	return ~by_table(~crc, data, len);
}

#ifdef __x86_64__
#include <immintrin.h>

enum { LANES = 8, STRIDE = LANES * 16 };

/* x^(n+64-1) and x^(n-1) modulo the polynomial, reflected: they move 16 bytes n bits on. */
#define FOLD_128 0xeadc41fd2ba3d420u, 0x21e9761e252621acu
#define FOLD_1024 0xa1ca681e733f9c40u, 0x5f852fb61e8d92dcu

bool xf_crc64nvme_is_fast(void)
{
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(__m128i x, __m128i by, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(x, by, 0x00);
	__m128i high = _mm_clmulepi64_si128(x, by, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i constants(uint64_t low, uint64_t high)
{
	return _mm_set_epi64x((long long)high, (long long)low);
}

/* At least STRIDE bytes. */
__attribute__((target("pclmul,sse4.1"))) static uint64_t by_folding(uint64_t crc, const uint8_t *p, size_t len)
{
	__m128i lane[LANES], by = constants(FOLD_1024);
#pragma GCC unroll 8 /* the lanes live in registers, or a third of the speed is lost */
	for (int i = 0; i < LANES; i++)
		lane[i] = load(p + 16 * i);
	lane[0] = _mm_xor_si128(lane[0], _mm_set_epi64x(0, (long long)crc));
	for (p += STRIDE, len -= STRIDE; len >= STRIDE; p += STRIDE, len -= STRIDE)
#pragma GCC unroll 8
		for (int i = 0; i < LANES; i++)
			lane[i] = fold(lane[i], by, load(p + 16 * i));

	__m128i x = lane[0];
	by = constants(FOLD_128);
#pragma GCC unroll 8
	for (int i = 1; i < LANES; i++)
		x = fold(x, by, lane[i]);
	for (; len >= 16; p += 16, len -= 16)
		x = fold(x, by, load(p));

	uint8_t rest[16];
	_mm_storeu_si128((__m128i *)(void *)rest, x);
	return by_table(by_table(0, rest, sizeof(rest)), p, len);
}

uint64_t xf_crc64nvme(uint64_t crc, const void *data, size_t len)
{
	if (len < STRIDE || !xf_crc64nvme_is_fast())
		return xf_crc64nvme_table(crc, data, len);
	pthread_once(&slices_once, slices_fill);
	return ~by_folding(~crc, data, len);
}

#else

bool xf_crc64nvme_is_fast(void)
{
	return false;
}

uint64_t xf_crc64nvme(uint64_t crc, const void *data, size_t len)
{
	return xf_crc64nvme_table(crc, data, len);
}

#endif
