/*
 * duplex: one thread sends requests, another reads the answers, which are there
 * before the sender has come back from its send (slow.c).
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS = 5 };

static const char request[] = "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
static const char answer[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";

static int listener, client;

static size_t take(int fd, size_t len)
{
	char buf[256];
	size_t got = 0;
	ssize_t n;

	while (got < len && (n = recv(fd, buf, len - got, 0)) > 0)
		got += (size_t)n;
	return got;
}

static void *serve(void *arg)
{
	int fd = accept(listener, NULL, NULL);

	for (int i = 0; i < REQUESTS && take(fd, sizeof(request) - 1) == sizeof(request) - 1; i++)
		if (write(fd, answer, sizeof(answer) - 1) < 0)
			break;
	take(fd, 1);
	close(fd);
	return arg;
}

static void *reads(void *arg)
{
	int *answers = arg;

	while (*answers < REQUESTS && take(client, sizeof(answer) - 1) == sizeof(answer) - 1)
		++*answers;
	return arg;
}

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	pthread_t server, reader;
	int answers = 0;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0 || connect(client, (struct sockaddr *)&a, len) != 0)
		return 2;
	pthread_create(&server, NULL, serve, NULL);
	pthread_create(&reader, NULL, reads, &answers);
	for (int i = 0; i < REQUESTS; i++)
		send(client, request, sizeof(request) - 1, 0);
	pthread_join(reader, NULL);
	close(client);
	pthread_join(server, NULL);
	printf("%d\n", answers);
	return 0;
}
