/*
 * slow: calls of the C library that take longer than one would think: a send() that comes back long
 * after its bytes have gone, as of a thread that lost its processor, and a getsockname() that
 * waits a moment for another thread to come to the same place.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	const struct timespec moment = { .tv_nsec = ms * 1000000 };

	syscall(SYS_nanosleep, &moment, NULL);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	ssize_t n = syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);

	pause_ms(30);
	return n;
}

int getsockname(int fd, struct sockaddr *name, socklen_t *len)
{
	static _Atomic int there;
	int before = atomic_fetch_add(&there, 1), now = before + 1;

	for (int i = 0; i < 30 && now == before + 1; i++, now = atomic_load(&there))
		pause_ms(1);
	return (int)syscall(SYS_getsockname, fd, name, len);
}
