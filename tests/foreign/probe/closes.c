/*
 * closes: every descriptor it has, then opens its own under the same numbers and
 * works on: nothing of ours may land in its files.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *posts(void *arg)
{
	sem_t s;
	sem_init(&s, 0, 0);
	for (int i = 0; i < 3000; i++) {
		sem_post(&s);
		sem_wait(&s);
	}
	sem_destroy(&s);
	return arg;
}

int main(int argc, char **argv)
{
	int files[32], bad = argc < 2;
	pthread_t t[4];
	struct stat st;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int i = 0; i < 32 && !bad; i++) {
		char path[512];
		snprintf(path, sizeof(path), "%s/file-%d", argv[1], i);
		files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		bad += files[i] != 3 + i || write(files[i], "mine", 4) != 4;
	}
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, posts, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 32 && !bad; i++)
		bad += fstat(files[i], &st) != 0 || st.st_size != 4;
	printf("%s\n", bad ? "bad" : "good");
	return bad;
}
