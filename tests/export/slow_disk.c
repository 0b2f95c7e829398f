/*
 * slow_disk: preloaded, a disk with one arm: every pread of a regular file takes the time its bytes need at
 * SLOW_DISK MB a second, one after the other.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef ssize_t (*pread_fn)(int, void *, size_t, off_t);

static pthread_mutex_t arm = PTHREAD_MUTEX_INITIALIZER;

static pread_fn real_pread(void)
{
	union { void *symbol; pread_fn fn; } it = { .symbol = dlsym(RTLD_NEXT, "pread") };
	return it.fn;
}

ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	const char *rate = getenv("SLOW_DISK");
	ssize_t got = real_pread()(fd, buf, len, at);
	struct stat st;
	if (rate && got > 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		double ns = (double)got / (strtod(rate, NULL) * 1e6) * 1e9;
		struct timespec time = { (time_t)(ns / 1e9), (long)ns % 1000000000 };
		pthread_mutex_lock(&arm);
		nanosleep(&time, NULL);
		pthread_mutex_unlock(&arm);
	}
	return got;
}
