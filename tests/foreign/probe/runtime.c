/* runtime: stands for a language's runtime, by its name (libruby). */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

int make_parking(pthread_cond_t *cond);

/* What is behind each call shows that it is this library that made it: no jump in its place. */
int make_parking(pthread_cond_t *cond)
{
	int rc = pthread_cond_init(cond, NULL), fd = eventfd(1, 0);
	eventfd_t value;

	if (fd < 0 || read(fd, &value, sizeof(value)) != sizeof(value))
		return 1;
	close(fd);
	return rc;
}
