/*
 * What the programs of the box execute, counted by the kernel: a counter that every process and thread inherits, opened here before the
 * first of them is started. It is of this process, which the program can't reach, so what this process executes itself is counted
 * apart and subtracted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch.h"

struct reading { uint64_t value, enabled, running; };

static int all = -1, ours = -1, missing = ENOSYS;

static int open_one(int inherited) {
    struct perf_event_attr what;
    memset(&what, 0, sizeof what);
    what.size = sizeof what, what.type = opt.count_type, what.config = opt.count_config;
    what.inherit = inherited, what.exclude_kernel = what.exclude_hv = 1;
    what.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return syscall(SYS_perf_event_open, &what, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void open_counter(void) {
    if (opt.count_type < 0) return;
    if ((ours = open_one(0)) < 0 || (all = open_one(1)) < 0) missing = errno;
}

/* What one counter says; less than 0 where it had to share the processor's with others, and would be a guess. */
static int64_t value_of(int counter) {
    struct reading now;
    if (read(counter, &now, sizeof now) != sizeof now) return -EIO;
    return now.running < now.enabled ? -EBUSY : (int64_t)now.value;
}

int64_t counted(void) {
    if (all < 0) return -missing;
    int64_t mine = value_of(ours), whole = value_of(all);
    return mine < 0 ? mine : whole < 0 ? whole : whole - mine;
}
