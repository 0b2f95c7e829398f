#include "tracer/foreign/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_path(const char *path, char *text, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -1;
	while (at < cap - 1 && (n = read(fd, text + at, cap - 1 - at)) > 0)
		at += (size_t)n;
	n = at ? 0 : n;
	close(fd);
	text[at] = '\0';
	return n < 0 ? -1 : (ssize_t)at;
}

ssize_t tr_proc_read(uint32_t pid, const char *name, char *text, size_t cap)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return read_path(path, text, cap);
}

static ssize_t read_task(uint32_t pid, uint32_t tid, const char *name, char *text, size_t cap)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, name);
	return read_path(path, text, cap);
}

struct tr_proc_syscall tr_proc_syscall(uint32_t pid, uint32_t tid)
{
	struct tr_proc_syscall s = { .number = -1 };
	char text[256], *at = text;

	if (read_task(pid, tid, "syscall", text, sizeof(text)) <= 0)
		return s;
	s.known = true;
	s.running = strncmp(text, "running", 7) == 0;
	if (s.running)
		return s;
	s.number = strtol(at, &at, 10);
	for (int i = 0; i < 6 && s.number >= 0; i++)
		s.args[i] = strtoull(at, &at, 16);
	s.sp = strtoull(at, &at, 16);
	s.pc = strtoull(at, &at, 16);
	return s;
}

unsigned tr_proc_threads(uint32_t pid, uint32_t *tids, unsigned max)
{
	char path[64];
	unsigned nr = 0;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	while (dir && nr < max && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			tids[nr++] = (uint32_t)strtoul(e->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return nr;
}

static unsigned children_of_task(uint32_t pid, uint32_t tid, uint32_t *pids, unsigned max)
{
	char text[4096], *at = text, *end;
	unsigned nr = 0;

	if (read_task(pid, tid, "children", text, sizeof(text)) <= 0)
		return 0;
	while (nr < max) {
		pids[nr] = (uint32_t)strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end;
		nr++;
	}
	return nr;
}

uint64_t tr_proc_thread_worked_ns(uint32_t pid, uint32_t tid)
{
	char text[128], *at = text;
	uint64_t sum;

	if (read_task(pid, tid, "schedstat", text, sizeof(text)) <= 0)
		return 0;
	sum = strtoull(at, &at, 10);
	return sum + strtoull(at, &at, 10); /* it waited for a processor so long */
}

bool tr_proc_bytes(uint32_t pid, uint64_t *bytes)
{
	char text[512];
	unsigned long long read = 0, written = 0;

	if (tr_proc_read(pid, "io", text, sizeof(text)) <= 0 ||
	    sscanf(text, "rchar: %llu wchar: %llu", &read, &written) != 2)
		return false;
	*bytes = read + written;
	return true;
}

uint64_t tr_proc_worked_ns(uint32_t pid)
{
	uint32_t tids[1024];
	unsigned nr = tr_proc_threads(pid, tids, sizeof(tids) / sizeof(tids[0]));
	uint64_t sum = 0;

	for (unsigned i = 0; i < nr; i++)
		sum += tr_proc_thread_worked_ns(pid, tids[i]);
	return sum;
}

unsigned tr_proc_children(uint32_t pid, uint32_t *pids, unsigned max)
{
	uint32_t tids[1024];
	unsigned nr_tids = tr_proc_threads(pid, tids, 1024), nr = 0;

	for (unsigned i = 0; i < nr_tids && nr < max; i++)
		nr += children_of_task(pid, tids[i], pids + nr, max - nr);
	return nr;
}

bool tr_proc_has_memory(uint32_t pid)
{
	char text[128];

	return read_task(pid, pid, "statm", text, sizeof(text)) > 0 && strtoul(text, NULL, 10) > 0;
}

char tr_proc_state(uint32_t pid, uint32_t tid, char *name, size_t cap)
{
	char text[1024];
	const char *open, *close;

	name[0] = '\0';
	if (read_task(pid, tid, "stat", text, sizeof(text)) <= 0)
		return '?';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || !close[1])
		return '?';
	snprintf(name, cap, "%.*s", (int)(close - open - 1), open + 1);
	return close[2];
}

bool tr_proc_fd(uint32_t pid, int fd, char *target, size_t cap)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/fd/%d", pid, fd);
	len = readlink(path, target, cap - 1);
	target[len > 0 ? len : 0] = '\0';
	return len > 0;
}

bool tr_proc_fds(uint32_t pid, int *fds, unsigned max, unsigned *nr)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	*nr = 0;
	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	dir = opendir(path);
	while (dir && *nr < max && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			fds[(*nr)++] = (int)strtol(e->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return dir != NULL;
}

uint64_t tr_proc_inode(const char *target, const char *kind)
{
	size_t len = strlen(kind);

	if (strncmp(target, kind, len) != 0 || strncmp(target + len, ":[", 2) != 0)
		return 0;
	return strtoull(target + len + 2, NULL, 10);
}

bool tr_proc_environment(uint32_t pid, const char *name, char *value, size_t cap)
{
	size_t size = 1 << 18, name_len = strlen(name);
	char *text = malloc(size);
	ssize_t len = text ? tr_proc_read(pid, "environ", text, size) : -1;
	bool found = false;

	for (ssize_t at = 0; at < len && !found; at += (ssize_t)strlen(text + at) + 1)
		if (strncmp(text + at, name, name_len) == 0 && text[(size_t)at + name_len] == '=') {
			snprintf(value, cap, "%s", text + at + name_len + 1);
			found = true;
		}
	free(text);
	return found;
}

/* "start-end perms offset dev inode   path" */
static bool parse_map(const char *line, struct tr_proc_module *m)
{
	const char *path = strchr(line, '/');

	m->start = strtoull(line, NULL, 16);
	if (!path)
		return false;
	snprintf(m->path, sizeof(m->path), "%.*s", (int)strcspn(path, "\n"), path);
	return true;
}

bool tr_proc_module(uint32_t pid, const char *part, struct tr_proc_module *module)
{
	char path[64], line[1024];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = parse_map(line, module) && strstr(strrchr(module->path, '/'), part);
	if (maps)
		fclose(maps);
	return found;
}

/* Fields are counted after the name, which may hold blanks: 3 is the state. */
static uint64_t stat_field(const char *text, int wanted)
{
	const char *at = strrchr(text, ')');

	for (int field = 2; at && field < wanted; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

bool tr_proc_times(uint32_t pid, uint32_t tid, uint64_t *cpu_ticks, uint64_t *start_ticks)
{
	char text[1024];

	if (read_task(pid, tid, "stat", text, sizeof(text)) <= 0)
		return false;
	*cpu_ticks = stat_field(text, 14) + stat_field(text, 15);
	*start_ticks = stat_field(text, 22);
	return true;
}
