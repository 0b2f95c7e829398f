/* threads: made and ended in every way there is; prints how many ended. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void *returns(void *arg) { return arg; }
static void *leaves(void *arg) { pthread_exit(arg); }
static void *waits(void *arg) { pause(); return arg; }

static void *names_itself(void *arg)
{
	pthread_setname_np(pthread_self(), "uploader");
	return arg;
}

static pthread_t start(void *(*run)(void *))
{
	pthread_t t;
	pthread_create(&t, NULL, run, NULL);
	return t;
}

int main(void)
{
	struct timespec until;
	pthread_t cancelled = start(waits), detached = start(returns), slow = start(waits);
	void *result;

	pthread_join(start(returns), &result);
	pthread_join(start(leaves), &result);
	pthread_join(start(names_itself), &result);
	pthread_detach(detached);
	pthread_cancel(cancelled);
	pthread_join(cancelled, &result);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	int late = pthread_timedjoin_np(slow, &result, &until);
	for (int i = 0; i < 2000; i++)
		pthread_join(start(returns), &result);
	printf("%d %d\n", result == NULL, late);
	return 0;
}
