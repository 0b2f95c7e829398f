// calls: functions to be on trial: plain, private, nested, thrown through, jumped over, ended with their thread.
#include <csetjmp>
#include <cstdio>
#include <pthread.h>
#include <stdexcept>
#include <string>

static jmp_buf back;

struct Uploader {
	__attribute__((noinline)) double put(const std::string &key, double factor, int depth)
	{
		if (depth)
			return put(key, factor, depth - 1) + 1;
		if (key == "bad")
			throw std::runtime_error("bad");
		return factor * 2 + (double)key.size();
	}
	__attribute__((noinline)) int keeps_going(const std::string &key)
	{
		int caught = 0;
		for (int i = 0; i < 3; i++) {
			try {
				put(key, i, 1);
			} catch (std::exception &) {
				caught++;
			}
		}
		return caught;
	}
};

extern "C" __attribute__((noinline)) long up_many(long a, long b, long c, long d, long e, long f, long g, long h,
						  double x, double y)
{
	asm volatile("");
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + (long)(x * y);
}

extern "C" __attribute__((noinline)) void up_jumps(int n)
{
	volatile char room[64];
	room[0] = (char)n;
	if (n == 0)
		longjmp(back, 1);
	up_jumps(n - room[0] + room[0] - 1);
	asm volatile("" ::: "memory");
}

extern "C" __attribute__((noinline)) void *up_leaves(void *arg)
{
	volatile char room[64];
	room[0] = 1;
	pthread_exit(arg);
	return nullptr;
}

static __attribute__((noinline)) int private_upload(int n)
{
	volatile int sum = 0;
	for (int i = 0; i <= n; i++)
		sum = sum + i;
	return sum;
}

static void *run(void *arg)
{
	return up_leaves(arg);
}

int main(int argc, char **)
{
	Uploader u;
	pthread_t t;
	void *result;

	printf("%g\n", u.put("key", 1.5, 3));
	printf("%d\n", u.keeps_going("bad"));
	if (!setjmp(back))
		up_jumps(3);
	printf("%ld\n", up_many(argc, 1, 1, 1, 1, 1, 1, 1, 2.5, 4));
	printf("%d\n", private_upload(4));
	pthread_create(&t, nullptr, run, &u);
	pthread_join(t, &result);
	printf("%d\n", result == &u);
	return 0;
}
