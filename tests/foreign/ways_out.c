/*
 * ways_out: tries every way off this machine, to an address of the documentation's (TEST-NET-3,
 * 2001:db8::/32), and prints those by which something went.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in out = { .sin_family = AF_INET }, unspecified, here = { .sin_family = AF_INET };
static struct sockaddr_in6 out6 = { .sin6_family = AF_INET6 };
static struct iovec byte = { "x", 1 };

static void tried(const char *way, long rc)
{
	if (rc >= 0 || errno == EINPROGRESS)
		printf("WENT: %s\n", way);
}

static int fresh(int family, int type)
{
	return socket(family, type | SOCK_NONBLOCK, 0);
}

static void datagrams(void)
{
	struct msghdr m = { .msg_name = &unspecified, .msg_namelen = sizeof(unspecified), .msg_iov = &byte, .msg_iovlen = 1 };
	struct mmsghdr two[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
	int u = fresh(AF_INET, SOCK_DGRAM);

	two[0].msg_hdr.msg_name = &here;
	two[1].msg_hdr.msg_name = &out;
	tried("sendto", sendto(u, "x", 1, 0, (void *)&out, sizeof(out)));
	tried("sendto, unspecified family", sendto(u, "x", 1, 0, (void *)&unspecified, sizeof(unspecified)));
	tried("sendmsg, unspecified family", sendmsg(u, &m, 0));
	tried("sendmmsg, the second message", sendmmsg(u, two, 2, 0));
	two[0].msg_hdr.msg_name = NULL;
	connect(u, (void *)&here, sizeof(here));
	sendmmsg(u, two, 2, 0);
	tried("sendmmsg, the second message, connected", two[1].msg_len == 1 ? 0 : (errno = 0, -1));
	tried("connect of datagrams", connect(fresh(AF_INET, SOCK_DGRAM), (void *)&out, sizeof(out)));
	tried("IPv6 datagram", sendto(fresh(AF_INET6, SOCK_DGRAM), "x", 1, 0, (void *)&out6, sizeof(out6)));
	out.sin_port = htons(53);
	tried("the name server", sendto(fresh(AF_INET, SOCK_DGRAM), "x", 1, 0, (void *)&out, sizeof(out)));
	here.sin_port = htons(53);
	tried("a name server here, which asks another", connect(fresh(AF_INET, SOCK_DGRAM), (void *)&here, sizeof(here)));
}

static void streams(void)
{
	struct msghdr m = { .msg_name = &out, .msg_namelen = sizeof(out), .msg_iov = &byte, .msg_iovlen = 1 };

	out.sin_port = htons(443);
	tried("connect", connect(fresh(AF_INET, SOCK_STREAM), (void *)&out, sizeof(out)));
	tried("fast open, sendto", sendto(fresh(AF_INET, SOCK_STREAM), "x", 1, MSG_FASTOPEN, (void *)&out, sizeof(out)));
	tried("fast open, sendmsg", sendmsg(fresh(AF_INET, SOCK_STREAM), &m, MSG_FASTOPEN));
	tried("IPv6 connect", connect(fresh(AF_INET6, SOCK_STREAM), (void *)&out6, sizeof(out6)));
	inet_pton(AF_INET6, "::ffff:203.0.113.7", &out6.sin6_addr);
	tried("mapped connect", connect(fresh(AF_INET6, SOCK_STREAM), (void *)&out6, sizeof(out6)));
}

static void others(void)
{
	char room[120] = { 0 };

	tried("packets", socket(AF_PACKET, SOCK_RAW, 0));
	tried("the host of a virtual machine", socket(AF_VSOCK, SOCK_STREAM, 0));
	tried("SCTP", socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
	tried("io_uring", syscall(SYS_io_uring_setup, 4, room));
#ifdef __x86_64__
	struct sockaddr_in *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long rc;

	*low = out;
	errno = ENOSYS;
	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(362), "b"(fresh(AF_INET, SOCK_DGRAM)), "c"(low), "d"(sizeof(*low)) : "memory");
	tried("connect of the 32-bit ABI", rc);
	tried("connect of the x32 ABI", syscall(0x40000000 | SYS_connect, fresh(AF_INET, SOCK_DGRAM), low, sizeof(*low)));
#endif
}

int main(void)
{
	inet_pton(AF_INET, "203.0.113.7", &out.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &out6.sin6_addr);
	inet_pton(AF_INET, "127.0.0.1", &here.sin_addr);
	out.sin_port = here.sin_port = out6.sin6_port = htons(4444);
	unspecified = out;
	unspecified.sin_family = AF_UNSPEC;
	datagrams();
	streams();
	others();
	puts("tried them all");
	return 0;
}
