/* slow: a send() that comes back long after its bytes have gone, as of a thread that lost its processor. */
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	const struct timespec moment = { .tv_nsec = 30000000 };
	ssize_t n = syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);

	syscall(SYS_nanosleep, &moment, NULL);
	return n;
}
