/* locks: every kind of wait, with and without a limit, kept and broken. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sem_t sem;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready;

static atomic_int gave_up;

static struct timespec in_ms(clockid_t clock, long ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void *helps(void *arg)
{
	usleep(20000);
	sem_post(&sem);
	while (!gave_up) /* the timed wait has run out, whatever the machine's load; the mutex is still held then */
		usleep(1000);
	pthread_mutex_lock(&mutex);
	ready = 1;
	pthread_cond_signal(&cond);
	usleep(50000);
	pthread_mutex_unlock(&mutex);
	return arg;
}

static int check(const char *what, int got, int wanted)
{
	if (got != wanted)
		printf("%s: %d, not %d\n", what, got, wanted);
	return got != wanted;
}

int main(void)
{
	pthread_t t;
	int bad = 0;
	struct timespec until;

	sem_init(&sem, 0, 1);
	errno = 4711;
	bad += check("wait", sem_wait(&sem), 0) + check("errno", errno, 4711);
	bad += check("trywait", sem_trywait(&sem), -1) + check("errno", errno, EAGAIN);
	until = in_ms(CLOCK_REALTIME, 10);
	bad += check("timedwait", sem_timedwait(&sem, &until), -1) + check("errno", errno, ETIMEDOUT);
	until = in_ms(CLOCK_MONOTONIC, 10);
	bad += check("clockwait", sem_clockwait(&sem, CLOCK_MONOTONIC, &until), -1) +
	       check("errno", errno, ETIMEDOUT);
	pthread_create(&t, NULL, helps, NULL);
	errno = 4711;
	bad += check("wait", sem_wait(&sem), 0) + check("errno", errno, 4711);
	pthread_mutex_lock(&mutex);
	until = in_ms(CLOCK_REALTIME, 5);
	bad += check("cond", pthread_cond_timedwait(&cond, &mutex, &until), ETIMEDOUT);
	gave_up = 1;
	while (!ready)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(t, NULL);
	bad += check("errno", errno, 4711);
	pthread_mutex_t strict;
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&strict, &attr);
	bad += check("lock", pthread_mutex_lock(&strict), 0);
	bad += check("again", pthread_mutex_lock(&strict), EDEADLK);
	bad += check("unlock", pthread_mutex_unlock(&strict), 0);
	bad += check("unlock", pthread_mutex_unlock(&strict), EPERM);
	sem_destroy(&sem);
	sem_init(&sem, 0, 0);
	sem_post(&sem);
	printf("%s\n", bad ? "bad" : "good");
	return bad;
}
