/* unsaid: locks made of semaphores, which one thread takes and gives back; and then others come. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STORM = 500, TURNS = 40, THREADS = 3 };

static sem_t own, outer, waited, given, forked, storm[STORM];
static pthread_barrier_t together;
static _Atomic int arrived;

static void pair(sem_t *sem)
{
	sem_wait(sem);
	sem_post(sem);
}

static void *waits(void *sem)
{
	arrived = 1;
	sem_wait(sem);
	return NULL;
}

static void *posts(void *sem)
{
	sem_post(sem);
	return NULL;
}

static void *hammers(void *unused)
{
	for (int i = 0; i < STORM; i++) {
		pthread_barrier_wait(&together);
		for (int turn = 0; turn < TURNS; turn++)
			pair(&storm[i]);
	}
	return unused;
}

/* The thread that wants it sleeps on it by now, as far as can be told from outside. */
static void await(void)
{
	while (!arrived)
		usleep(1000);
	usleep(100000);
}

static void in_storm(void)
{
	pthread_t t[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < STORM; i++)
		sem_init(&storm[i], 0, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, hammers, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc > 1 && !strcmp(argv[1], "storm")) {
		in_storm();
		return 0;
	}
	sem_init(&own, 0, 1);
	sem_init(&outer, 0, 1);
	sem_init(&waited, 0, 1);
	for (int i = 0; i < 1000; i++) {
		sem_wait(&outer);
		pair(&own);
		sem_post(&outer);
		pair(&waited);
	}
	sem_wait(&waited);
	pthread_create(&t, NULL, waits, &waited);
	await();
	if (argc > 1)
		raise(SIGKILL);
	sem_post(&waited);
	pthread_join(t, NULL);

	sem_init(&given, 0, 1);
	pair(&given);
	sem_wait(&given);
	pthread_create(&t, NULL, posts, &given);
	pthread_join(t, NULL);
	sem_wait(&given);

	sem_init(&forked, 0, 1);
	sem_wait(&forked);
	pid_t child = fork();
	if (!child) {
		pair(&own);
		sem_post(&forked);
		pair(&forked);
		exit(0);
	}
	waitpid(child, NULL, 0);
	sem_post(&forked);
	sem_destroy(&own);
	printf("good\n");
	return 0;
}
