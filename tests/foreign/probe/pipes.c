/* pipes: a pipe, an eventfd and a socket pair, each written by one thread and read by another. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2], event, pair[2];

static void *writes(void *arg)
{
	uint64_t two = 2;
	struct iovec parts[2] = { { "cd", 2 }, { "e", 1 } };

	usleep(10000);
	if (write(ends[1], "ab", 2) != 2 || writev(ends[1], parts, 2) != 3)
		return "";
	usleep(10000);
	if (write(event, &two, sizeof(two)) != sizeof(two) || eventfd_write(event, 3) != 0)
		return "";
	usleep(10000);
	if (send(pair[0], "x", 1, 0) != 1)
		return "";
	return arg;
}

int main(void)
{
	char text[8];
	uint64_t sum = 0, more;
	pthread_t t;
	void *failed;
	int got = 0;

	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	event = eventfd(0, 0);
	pthread_create(&t, NULL, writes, NULL);
	while (got < 5)
		got += (int)read(ends[0], text, 5 - (size_t)got);
	usleep(30000);
	for (; sum < 5 && eventfd_read(event, &more) == 0; sum += more)
		; /* once, unless the other thread is late */
	got += (int)recv(pair[1], text, 1, 0);
	pthread_join(t, &failed);
	errno = 0;
	int bad = write(-1, "x", 1) != -1 || errno != EBADF;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	bad += read(ends[0], text, 1) != -1 || errno != EAGAIN;
	bad += write(1000000006, "B 1 x", 5) != -1 || errno != EBADF;
	printf("%d %d %d %d\n", got, (int)sum, failed != NULL, bad);
	return 0;
}
