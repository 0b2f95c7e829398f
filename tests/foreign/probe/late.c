/* late: is not loaded before its thread, which makes a condition, an eventfd and another thread, says so, and the program's writer has written. */
#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

void ask_writer(void); /* the program's */

static sem_t ready;
static pthread_cond_t condition;

static void *nothing(void *unused)
{
	return unused;
}

static void *begins(void *unused)
{
	pthread_t other;

	pthread_cond_init(&condition, NULL);
	close(eventfd(0, 0));
	if (pthread_create(&other, NULL, nothing, NULL) == 0)
		pthread_join(other, NULL);
	sem_post(&ready);
	return unused;
}

__attribute__((constructor)) static void load(void)
{
	pthread_t thread;

	sem_init(&ready, 0, 0);
	if (pthread_create(&thread, NULL, begins, NULL) != 0)
		return;
	pthread_detach(thread);
	sem_wait(&ready);
	ask_writer();
}
