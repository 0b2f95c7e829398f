/* meets: two threads use a new connection for the first time at the same moment (slow.c): one sends, one looks for an answer. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
static const char answer[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";

static int client;
static pthread_barrier_t both;

static void *looks(void *arg)
{
	char c;

	pthread_barrier_wait(&both);
	return recv(client, &c, 1, MSG_DONTWAIT) == 1 ? arg : NULL;
}

/* By one connection to itself, as a server would. */
static int connected_to(int listener, struct sockaddr_in *a)
{
	client = socket(AF_INET, SOCK_STREAM, 0);
	return connect(client, (struct sockaddr *)a, sizeof(*a)) == 0 ? accept(listener, NULL, NULL) : -1;
}

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	char buf[256];
	int listener = socket(AF_INET, SOCK_STREAM, 0), server;
	pthread_t other;

	if (bind(listener, (struct sockaddr *)&a, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0 || (server = connected_to(listener, &a)) < 0)
		return 2;
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&other, NULL, looks, NULL);
	pthread_barrier_wait(&both);
	send(client, request, sizeof(request) - 1, 0);
	pthread_join(other, NULL);
	if (recv(server, buf, sizeof(buf), 0) < 3 || send(server, answer, sizeof(answer) - 1, 0) < 3 ||
	    recv(client, buf, sizeof(buf), 0) < 3)
		return 3;
	close(client);
	return 0;
}
