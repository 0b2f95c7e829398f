/*
 * loads: a library (late.c) that waits, while it is loaded, for a thread of its own to be ready, and for one of ours to
 * have written by a library that calls itself OpenSSL (ssl.c), as it has before.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

int SSL_write(void *ssl, const void *bytes, int len);
void ask_writer(void);

static sem_t asked, written;

static void *writes(void *ssl)
{
	for (;;) {
		sem_wait(&asked);
		SSL_write(ssl, "x", 1);
		sem_post(&written);
	}
	return NULL;
}

void ask_writer(void)
{
	sem_post(&asked);
	sem_wait(&written);
}

int main(int argc, char **argv)
{
	static char ssl[64];
	pthread_t writer;

	sem_init(&asked, 0, 0);
	sem_init(&written, 0, 0);
	if (argc < 2 || pthread_create(&writer, NULL, writes, ssl) != 0)
		return 2;
	ask_writer();
	if (!dlopen(argv[1], RTLD_NOW)) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	puts("good");
	return 0;
}
