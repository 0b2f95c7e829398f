/* handlers: a signal every millisecond whose handler posts and writes, under threads that never rest. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static sem_t sem, turn;
static int ends[2];
static _Atomic int handled, changed, stop;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void handler(int unused)
{
	(void)unused;
	int saved = errno;
	errno = 4711;
	sem_post(&sem);
	if (write(ends[1], "x", 1) == 1 && errno != 4711)
		changed++;
	errno = saved;
	handled++;
}

static void *works(void *arg)
{
	char c;
	while (!stop) {
		sem_post(&turn);
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
		sem_wait(&turn);
		if (read(ends[0], &c, 1) != 1 && errno != EINTR)
			break;
	}
	return arg;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct timespec end, now;
	pthread_t t[4];

	sem_init(&sem, 0, 0);
	sem_init(&turn, 0, 0);
	if (pipe(ends))
		return 1;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, works, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 1;
	do {
		sem_trywait(&sem);
		pthread_mutex_lock(&mutex);
		usleep(10);
		pthread_mutex_unlock(&mutex);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%s %d\n", handled > 50 ? "handled" : "few", changed);
	return 0;
}
