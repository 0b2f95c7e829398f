/*
 * names: with --local, which host an address stands for.
 *
 * Nothing leaves the machine then, not even the question where a host is; but
 * the user wants to read which host was tried. So a look-up that fails gives an
 * address that nobody has, and connect() is what gets refused (or, for plain
 * http, turned to the endpoint). Names below localhost are this machine's, whatever its
 * resolver would have said. Without --local this only passes through.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/foreign/probe/probe.h"

static bool name_is_watched(const char *node)
{
	static int local = -1; /* the environment at the start counts; both writers would write the same */

	if (local < 0)
		local = getenv(TR_ENV_ENDPOINT) != NULL;
	return local && node && *node && atomic_load_explicit(&probe_on, memory_order_relaxed);
}

/* As contract.h has addresses. False: neither family. */
static bool name_address(const struct sockaddr *a, uint8_t to[16])
{
	memset(to, 0, 16);
	if (a->sa_family == AF_INET6) {
		memcpy(to, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
		return true;
	}
	to[10] = to[11] = 0xff;
	memcpy(to + 12, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	return a->sa_family == AF_INET;
}

static void name_found(const char *node, const struct addrinfo *list)
{
	uint8_t address[16];

	for (; list; list = list->ai_next)
		if (name_address(list->ai_addr, address))
			tr_control_name_enter(probe_control, node, address);
}

/* "localhost", "bucket.localhost", also with a dot behind (RFC 6761). */
static bool name_is_local(const char *node)
{
	static const char local[] = "localhost";
	size_t len = strlen(node), own = sizeof(local) - 1;

	if (len && node[len - 1] == '.')
		len--;
	return len >= own && strncasecmp(node + len - own, local, own) == 0 && (len == own || node[len - own - 1] == '.');
}

/* The same question for an address, so that the answer is one the caller can free. v4: as contract.h has addresses. */
static int name_numeric(const uint8_t a[16], const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo numeric = { .ai_family = AF_UNSPEC };
	char text[40];

	if (hints)
		numeric = *hints;
	snprintf(text, sizeof(text), "%s%u.%u.%u.%u", numeric.ai_family == AF_INET6 ? "::ffff:" : "", a[12], a[13],
		 a[14], a[15]);
	numeric.ai_flags &= ~(AI_ADDRCONFIG | AI_CANONNAME);
	numeric.ai_flags |= AI_NUMERICHOST;
	return REAL(getaddrinfo)(text, service, &numeric, res);
}

/* One that nobody has. */
static int name_invented(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	const uint8_t *a = tr_control_name_enter(probe_control, node, NULL);

	return a ? name_numeric(a, service, hints, res) : EAI_AGAIN;
}

PROBE_EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
			     const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	static const uint8_t here[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
	int rc = REAL(getaddrinfo)(node, service, hints, res);

	if (!name_is_watched(node))
		return rc;
	if (rc != 0 && name_is_local(node) && !(hints && hints->ai_flags & AI_NUMERICHOST))
		return name_numeric(here, service, hints, res);
	if (rc == 0)
		name_found(node, *res);
	else if ((rc == EAI_AGAIN || rc == EAI_FAIL) && !(hints && hints->ai_flags & AI_NUMERICHOST))
		rc = name_invented(node, service, hints, res);
	return rc;
}
