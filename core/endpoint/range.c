/* range: see range.h. */
#include "core/endpoint/range.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/text.h"

/* Reads a run of digits; false: none. What is beyond 64 bits is beyond every object, too. */
static bool digits(const char **at, uint64_t *value)
{
	size_t len = strspn(*at, "0123456789");
	char text[21];

	if (len == 0)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : 0), *at);
	*at += len;
	if (!xf_ep_number(text, UINT64_MAX, value))
		*value = UINT64_MAX;
	return true;
}

static enum xf_ep_range suffix(const char *at, uint64_t size, uint64_t *first, uint64_t *length)
{
	uint64_t want;

	if (!digits(&at, &want) || *at)
		return XF_EP_RANGE_ALL;
	if (want == 0 || size == 0)
		return XF_EP_RANGE_OUTSIDE;
	*length = want < size ? want : size;
	*first = size - *length;
	return XF_EP_RANGE_PART;
}

enum xf_ep_range xf_ep_range_parse(const char *header, uint64_t size, uint64_t *first,
				   uint64_t *length)
{
	uint64_t from, to = UINT64_MAX;

	*first = 0;
	*length = size;
	if (!header || strncasecmp(header, "bytes=", 6) != 0)
		return XF_EP_RANGE_ALL;
	header += 6;
	if (*header == '-')
		return suffix(header + 1, size, first, length);
	if (!digits(&header, &from) || *header++ != '-')
		return XF_EP_RANGE_ALL;
	if (*header && (!digits(&header, &to) || *header))
		return XF_EP_RANGE_ALL;
	if (to < from)
		return XF_EP_RANGE_ALL;
	if (from >= size)
		return XF_EP_RANGE_OUTSIDE;
	*first = from;
	*length = (to < size ? to + 1 : size) - from;
	return XF_EP_RANGE_PART;
}

bool xf_ep_range_copy(const char *header, uint64_t size, uint64_t *first, uint64_t *length)
{
	uint64_t last;

	if (strncmp(header, "bytes=", 6) != 0)
		return false;
	header += 6;
	if (!digits(&header, first) || *header++ != '-' || !digits(&header, &last) || *header)
		return false;
	if (last < *first || last >= size)
		return false;
	*length = last - *first + 1;
	return true;
}

bool xf_ep_etag_listed(const char *list, const char *etag)
{
	size_t len = strlen(etag);

	while (*list) {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (!strncmp(list, "W/", 2))
			list += 2;
		bool quoted = *list == '"';
		list += quoted;
		size_t have = strcspn(list, quoted ? "\"" : ", \t");
		if (have == len && !strncasecmp(list, etag, len))
			return true;
		list += have + (quoted && list[have] == '"');
	}
	return false;
}

enum xf_ep_condition xf_ep_conditions_check(const struct xf_ep_conditions *c, const char *etag,
					    int64_t modified)
{
	int64_t when;

	if (c->if_match) {
		if (!xf_ep_etag_listed(c->if_match, etag))
			return XF_EP_CONDITION_FAILED;
	} else if (c->if_unmodified_since) {
		when = xf_ep_date_parse(c->if_unmodified_since);
		if (when >= 0 && modified > when)
			return XF_EP_CONDITION_FAILED;
	}
	if (c->if_none_match) {
		if (xf_ep_etag_listed(c->if_none_match, etag))
			return XF_EP_CONDITION_NOT_MODIFIED;
	} else if (c->if_modified_since) {
		when = xf_ep_date_parse(c->if_modified_since);
		if (when >= 0 && modified <= when)
			return XF_EP_CONDITION_NOT_MODIFIED;
	}
	return XF_EP_CONDITION_HOLDS;
}
