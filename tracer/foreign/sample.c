#include "tracer/foreign/sample.h"

#include <asm/perf_regs.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGES = 8, PERIOD_NS = 10000000 };

#if defined(__x86_64__)
#define SAMPLE_SP PERF_REG_X86_SP
#elif defined(__aarch64__)
#define SAMPLE_SP PERF_REG_ARM64_SP
#endif

/* PERF_SAMPLE_IP, PERF_SAMPLE_REGS_USER with one register */
struct sample_record {
	struct perf_event_header header;
	uint64_t pc, abi, sp;
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

bool tr_sample_begin(struct tr_sample *s, uint32_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = PERIOD_NS, .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER,
		.sample_regs_user = UINT64_C(1) << SAMPLE_SP, .exclude_kernel = 1, .exclude_hv = 1,
	};

	s->map = MAP_FAILED;
	s->fd = (int)syscall(SYS_perf_event_open, &attr, (pid_t)tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (s->fd >= 0)
		s->map = mmap(NULL, (1 + PAGES) * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->fd >= 0 && s->map == MAP_FAILED) {
		close(s->fd);
		s->fd = -1;
	}
	return s->fd >= 0;
}

bool tr_sample_end(struct tr_sample *s, uint64_t *sp, uint64_t *pc)
{
	const struct perf_event_mmap_page *head = s->map;
	uint64_t at = 0, end;
	bool seen = false;

	if (s->fd < 0)
		return false;
	/* acquire: pairs with the kernel's store behind the records */
	end = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
	while (at + sizeof(struct sample_record) <= end && end <= PAGES * page_size()) {
		struct sample_record r;
		memcpy(&r, (const char *)s->map + page_size() + at, sizeof(r));
		if (r.header.type == PERF_RECORD_SAMPLE && r.abi) {
			*pc = r.pc;
			*sp = r.sp;
			seen = true;
		}
		at += r.header.size ? r.header.size : end;
	}
	munmap(s->map, (1 + PAGES) * page_size());
	close(s->fd);
	s->fd = -1;
	return seen;
}
