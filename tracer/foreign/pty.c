/* pty: see pty.h. */
#include "tracer/foreign/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct tr_pty {
	struct tr_loop *loop;
	struct tr_watch master;
	int slave, to;
};

static void pty_write(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };
			poll(&p, 1, 1000);
			continue;
		}
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

/* False: nothing is there (any more). */
static bool pty_pass(struct tr_pty *p, int fd)
{
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		pty_write(p->to, buf, (size_t)n);
	return n > 0;
}

static void pty_ready(struct tr_watch *watch, uint32_t events)
{
	struct tr_pty *p = (struct tr_pty *)((char *)watch - offsetof(struct tr_pty, master));
	int fd = watch->fd;

	if (!pty_pass(p, fd) && events & EPOLLHUP)
		tr_loop_change(p->loop, watch, 0);
}

static bool pty_open(struct tr_pty *p, int *master)
{
	struct termios raw;
	char name[64];

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0 ||
	    ptsname_r(*master, name, sizeof(name)) != 0)
		return false;
	p->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave < 0 || tcgetattr(p->slave, &raw) != 0)
		return false;
	cfmakeraw(&raw);
	return tcsetattr(p->slave, TCSANOW, &raw) == 0;
}

struct tr_pty *tr_pty_new(struct tr_loop *loop, int to)
{
	struct tr_pty *p = calloc(1, sizeof(*p));
	int master = -1;

	if (!p)
		return NULL;
	*p = (struct tr_pty){ .loop = loop, .slave = -1, .to = to,
			      .master = { .fd = -1, .ready = pty_ready } };
	if (pty_open(p, &master) && tr_loop_add(loop, &p->master, master, EPOLLIN)) {
		tr_pty_resize(p);
		return p;
	}
	if (master >= 0)
		close(master);
	if (p->slave >= 0)
		close(p->slave);
	free(p);
	return NULL;
}

int tr_pty_slave(const struct tr_pty *p)
{
	return p->slave;
}

void tr_pty_resize(struct tr_pty *p)
{
	struct winsize size;

	if (p && ioctl(2, TIOCGWINSZ, &size) == 0)
		ioctl(p->slave, TIOCSWINSZ, &size);
}

void tr_pty_free(struct tr_pty *p)
{
	int master;

	if (!p)
		return;
	master = p->master.fd;
	tr_loop_remove(p->loop, &p->master);
	while (pty_pass(p, master))
		;
	close(master);
	close(p->slave);
	free(p);
}
