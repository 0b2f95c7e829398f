/* parks: a condition of its own, one and an eventfd that a language's runtime made (runtime.c); a thread that is only looked at, ended. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

int make_parking(pthread_cond_t *cond);

static void *returns(void *arg) { return arg; }

int main(void)
{
	pthread_cond_t own, made;
	pthread_t t;

	pthread_cond_init(&own, NULL);
	if (make_parking(&made) != 0)
		return 1;
	pthread_create(&t, NULL, returns, NULL);
	while (pthread_tryjoin_np(t, NULL) != 0)
		usleep(1000);
	puts("good");
	return 0;
}
