/* cancels: threads that are cancelled as soon as they are made; prints how many ended so. */
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *reads(void *arg)
{
	unsigned long value;
	int *fd = arg;

	while (read(*fd, &value, sizeof(value)) != 0)
		;
	return NULL;
}

int main(void)
{
	int ended = 0;

	for (int i = 0; i < 1000; i++) {
		int fd = eventfd(0, 0);
		pthread_t t;
		void *result;
		pthread_create(&t, NULL, reads, &fd);
		pthread_cancel(t);
		pthread_join(t, &result);
		ended += result == PTHREAD_CANCELED;
		close(fd);
	}
	printf("%d\n", ended);
	return 0;
}
