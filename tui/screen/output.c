#include "tui/screen/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/event/emit.h"

/* PIECES_LEFT: of what is there at the end, as somebody may be left who writes for ever */
enum { PIECE = 16384, PIECES_LEFT = 1024, LOOK_MS = 100, NR_STANDARD = 3 };

static struct {
	int before[NR_STANDARD];  /* what stood there; -1: left alone */
	int to;                   /* the terminal: where it was meant to go */
	int master;
	int spool;                /* all that came while the screen had the terminal; -1: not kept */
	pthread_t helper;
	ui_output_fn came;
	void *ctx;
	bool running;
	_Atomic bool taken;       /* the descriptors are ours */
	_Atomic bool stop;
	pthread_mutex_t lock;     /* over where pieces go */
	bool passing;             /* under lock */
} output = { .before = { -1, -1, -1 }, .lock = PTHREAD_MUTEX_INITIALIZER };

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* ---- the helper */

static void piece_take(const char *text, size_t len)
{
	pthread_mutex_lock(&output.lock);
	if (output.passing) {
		write_all(output.to, text, len);
	} else {
		if (output.spool >= 0)
			write_all(output.spool, text, len);
		output.came(output.ctx, text, len);
	}
	pthread_mutex_unlock(&output.lock);
}

/* A pseudo-terminal that nobody has open reads as an error; it may be opened again. */
static void *helper_run(void *arg)
{
	char piece[PIECE];
	int rest = PIECES_LEFT;

	(void)arg;
	xf_thread_mute();
	while (rest > 0) {
		struct pollfd p = { .fd = output.master, .events = POLLIN };
		bool last = atomic_load(&output.stop);
		ssize_t n = 0;
		if (poll(&p, 1, last ? 0 : LOOK_MS) > 0 && p.revents & POLLIN)
			n = read(output.master, piece, sizeof(piece));
		if (n > 0)
			piece_take(piece, (size_t)n);
		else if (!last && p.revents)
			poll(NULL, 0, LOOK_MS);
		rest = !last ? PIECES_LEFT : n > 0 ? rest - 1 : 0;
	}
	return NULL;
}

/* ---- taking and giving back */

static bool same_terminal(int fd, int other)
{
	struct stat a, b;

	return isatty(fd) && !fstat(fd, &a) && !fstat(other, &b) && a.st_rdev == b.st_rdev;
}

/* The other end of a new pseudo-terminal that changes nothing of what is written; -1. */
static int terminal_make(int *master, int like)
{
	struct winsize size;
	struct termios modes;
	int slave;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0)
		return -1;
	slave = grantpt(*master) || unlockpt(*master) ? -1 : open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		close(*master);
		return -1;
	}
	if (!tcgetattr(slave, &modes)) {
		cfmakeraw(&modes);
		tcsetattr(slave, TCSANOW, &modes);
	}
	if (!ioctl(like, TIOCGWINSZ, &size))
		ioctl(slave, TIOCSWINSZ, &size);
	return slave;
}

static int spool_make(void)
{
	FILE *file = tmpfile();
	int fd = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, NR_STANDARD) : -1;

	if (file)
		fclose(file);
	return fd;
}

static void standard_take(int fd, int by)
{
	output.before[fd] = fcntl(fd, F_DUPFD_CLOEXEC, NR_STANDARD);
	if (output.before[fd] >= 0)
		dup2(by, fd);
}

static void standard_give_back(void)
{
	for (int fd = 0; fd < NR_STANDARD; fd++)
		if (output.before[fd] >= 0)
			dup2(output.before[fd], fd);
}

static bool helper_start(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	output.running = !pthread_create(&output.helper, NULL, helper_run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return output.running;
}

bool ui_output_begin(ui_output_fn came, void *ctx)
{
	int slave, nothing;

	if (output.running || !isatty(STDOUT_FILENO))
		return false;
	slave = terminal_make(&output.master, STDOUT_FILENO);
	if (slave < 0)
		return false;
	fflush(NULL);
	output.came = came;
	output.ctx = ctx;
	output.to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, NR_STANDARD);
	output.spool = spool_make();
	output.passing = false;
	atomic_store(&output.stop, false);
	if (!helper_start()) {
		close(slave);
		close(output.master);
		return false;
	}
	if (same_terminal(STDERR_FILENO, output.to))
		standard_take(STDERR_FILENO, slave);
	standard_take(STDOUT_FILENO, slave);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing >= 0) {
		standard_take(STDIN_FILENO, nothing);
		close(nothing);
	}
	atomic_store(&output.taken, true);
	close(slave);
	return true;
}

/* What was kept while the screen had the terminal. Under lock. */
static void spool_write(void)
{
	char piece[PIECE];
	ssize_t n;
	off_t at = 0;

	while (output.spool >= 0 && (n = pread(output.spool, piece, sizeof(piece), at)) > 0) {
		write_all(output.to, piece, (size_t)n);
		at += n;
	}
	if (output.spool >= 0)
		close(output.spool);
	output.spool = -1;
}

void ui_output_pass(void)
{
	if (!output.running || !atomic_load(&output.taken))
		return;
	fflush(NULL);
	atomic_store(&output.taken, false);
	standard_give_back();
	pthread_mutex_lock(&output.lock);
	spool_write();
	output.passing = true;
	pthread_mutex_unlock(&output.lock);
}

void ui_output_end(void)
{
	if (!output.running)
		return;
	ui_output_pass();
	atomic_store(&output.stop, true);
	pthread_join(output.helper, NULL);
	output.running = false;
	close(output.master);
	close(output.to);
	for (int fd = 0; fd < NR_STANDARD; fd++) {
		if (output.before[fd] >= 0)
			close(output.before[fd]);
		output.before[fd] = -1;
	}
}

void ui_output_rescue(void)
{
	char piece[1024];
	struct pollfd p = { .fd = output.master, .events = POLLIN };
	ssize_t n;

	if (!atomic_exchange(&output.taken, false))
		return;
	spool_write();
	while (poll(&p, 1, 0) > 0 && p.revents & POLLIN && (n = read(output.master, piece, sizeof(piece))) > 0)
		write_all(output.to, piece, (size_t)n);
	standard_give_back();
}
