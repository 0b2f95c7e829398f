#include "tracer/foreign/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ORDER tcp states, as the kernel numbers them */
static const char *const states[] = {
	"unknown", "established", "syn-sent", "syn-received", "fin-wait-1", "fin-wait-2",
	"time-wait", "closed", "close-wait", "last-ack", "listening", "closing",
};
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_LISTEN = 10, ALL_BUT_LISTEN = 0xfff & ~(1 << STATE_LISTEN) };

struct list {
	struct tr_tcp *sockets;
	unsigned nr, cap;
};

static enum xf_status ask(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} m = {
		.header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP,
			     .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = ALL_BUT_LISTEN },
	};

	return send(fd, &m, sizeof(m), 0) == sizeof(m) ? XF_OK : XF_IO;
}

static void print_address(char *to, size_t cap, int family, const void *address, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, address, text, sizeof(text));
	snprintf(to, cap, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

/*
 * A connection being made has sent no byte yet, and nobody notes when it was first asked for. It was
 * asked again so often: first every second (tcp_syn_linear_timeouts), then after twice as long each time.
 */
static uint64_t asked_ms(unsigned retransmits)
{
	uint64_t ms = 0, pause = 1000;
	unsigned linear = 0;
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "re");

	if (f && fscanf(f, "%u", &linear) != 1)
		linear = 0;
	if (f)
		fclose(f);
	for (unsigned i = 0; i < retransmits && i < 32; i++) {
		ms += pause;
		pause *= i < linear ? 1 : 2;
	}
	return ms;
}

/* Older kernels answer with a shorter struct: what is missing stays 0. */
static void take_info(struct tr_tcp *t, const void *data, size_t len)
{
	struct tcp_info info = { 0 };

	memcpy(&info, data, len < sizeof(info) ? len : sizeof(info));
	t->bytes_acked = info.tcpi_bytes_acked;
	t->bytes_received = info.tcpi_bytes_received;
	t->retransmits = info.tcpi_retransmits;
	t->total_retransmits = info.tcpi_total_retrans;
	t->last_sent_ms = info.tcpi_last_data_sent;
	t->last_received_ms = info.tcpi_last_data_recv;
	t->last_ack_ms = info.tcpi_last_ack_recv;
	t->rtt_us = info.tcpi_rtt;
	if (t->state == states[STATE_SYN_SENT])
		t->last_sent_ms = t->last_received_ms = t->last_ack_ms = asked_ms(t->retransmits);
	t->window_closed = len >= offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(info.tcpi_snd_wnd) &&
			   t->state == states[STATE_ESTABLISHED] && t->send_queue && info.tcpi_snd_wnd < info.tcpi_snd_mss;
}

static void take_attributes(struct tr_tcp *t, const struct rtattr *a, size_t len)
{
	while (RTA_OK(a, len)) {
		if (a->rta_type == INET_DIAG_INFO)
			take_info(t, RTA_DATA(a), RTA_PAYLOAD(a));
		a = RTA_NEXT(a, len);
	}
}

static bool append(struct list *list, const struct tr_tcp *t)
{
	if (list->nr == list->cap) {
		unsigned cap = list->cap ? 2 * list->cap : 64;
		struct tr_tcp *more = realloc(list->sockets, cap * sizeof(*more));
		if (!more)
			return false;
		list->sockets = more;
		list->cap = cap;
	}
	list->sockets[list->nr++] = *t;
	return true;
}

static bool take(struct list *list, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	size_t len = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct tr_tcp t = {
		.inode = m->idiag_inode,
		.local_port = ntohs(m->id.idiag_sport),
		.remote_port = ntohs(m->id.idiag_dport),
		.state = states[m->idiag_state < sizeof(states) / sizeof(states[0]) ? m->idiag_state : 0],
		.receive_queue = m->idiag_rqueue,
		.send_queue = m->idiag_wqueue,
	};

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return true;
	print_address(t.local, sizeof(t.local), m->idiag_family, m->id.idiag_src, t.local_port);
	print_address(t.remote, sizeof(t.remote), m->idiag_family, m->id.idiag_dst, t.remote_port);
	take_attributes(&t, (const struct rtattr *)(m + 1), len);
	return append(list, &t);
}

/* True: the answer goes on in the next datagram. */
static bool take_datagram(struct list *list, const char *bytes, size_t len, enum xf_status *status)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)bytes;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return false;
		if (h->nlmsg_type == NLMSG_ERROR)
			*status = XF_DENIED;
		else if (!take(list, h))
			*status = XF_NOMEM;
		if (*status)
			return false;
	}
	return true;
}

static enum xf_status list_family(int fd, uint8_t family, struct list *list)
{
	_Alignas(struct nlmsghdr) static _Thread_local char bytes[32768];
	enum xf_status status = ask(fd, family);
	ssize_t len;

	while (!status) {
		len = recv(fd, bytes, sizeof(bytes), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return XF_IO;
		if (!take_datagram(list, bytes, (size_t)len, &status))
			break;
	}
	return status;
}

enum xf_status tr_tcp_list(struct tr_tcp **sockets, unsigned *nr, struct xf_error *err)
{
	const struct timeval limit = { .tv_sec = 1 };
	struct list list = { 0 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	enum xf_status status = fd < 0 ? XF_IO : XF_OK;

	if (!status) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		status = list_family(fd, AF_INET, &list);
		if (!status)
			status = list_family(fd, AF_INET6, &list);
		close(fd);
	}
	*sockets = list.sockets;
	*nr = list.nr;
	return status ? xf_fail(err, status, "the kernel does not tell about sockets (sock_diag)") : XF_OK;
}

const struct tr_tcp *tr_tcp_find(const struct tr_tcp *sockets, unsigned nr, uint64_t inode)
{
	for (unsigned i = 0; inode && i < nr; i++)
		if (sockets[i].inode == inode)
			return &sockets[i];
	return NULL;
}
