/* splice: see splice.h. */
#include "tracer/foreign/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { PIPE_BYTES = 262144 };

bool tr_splice_open(struct tr_splice *s)
{
	int fd[2];

	if (s->open)
		return true;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES); /* refused beyond what one user may have: then as it is */
	*s = (struct tr_splice){ .in = fd[1], .out = fd[0], .open = true };
	return true;
}

void tr_splice_close(struct tr_splice *s)
{
	if (s->open) {
		close(s->in);
		close(s->out);
	}
	*s = (struct tr_splice){ .open = false };
}

static bool is_later(void)
{
	return errno == EAGAIN || errno == EINTR;
}

ssize_t tr_splice_take(struct tr_splice *s, int socket, size_t max)
{
	ssize_t n = splice(socket, NULL, s->in, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n == 0)
		return -1;
	if (n > 0)
		s->held += (size_t)n;
	return n < 0 && is_later() ? 0 : n;
}

/* As with MSG_NOSIGNAL: what a socket that takes no more raises is the calling thread's, and is taken back. */
static ssize_t splice_without_signal(int pipe, int socket, size_t len)
{
	const struct timespec at_once = { .tv_sec = 0 };
	sigset_t broken, before;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, &before);
	ssize_t n = splice(pipe, NULL, socket, NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	int error = errno;
	if (n < 0 && error == EPIPE && !sigismember(&before, SIGPIPE))
		sigtimedwait(&broken, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

ssize_t tr_splice_give(struct tr_splice *s, int socket)
{
	ssize_t n = splice_without_signal(s->out, socket, s->held);

	if (n > 0)
		s->held -= (size_t)n;
	return n < 0 && is_later() ? 0 : n;
}
