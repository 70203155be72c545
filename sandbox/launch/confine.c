/* How a command of the box loses its powers, between fork and exec. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch.h"

#define MAX_FILTER 4096
#define OWN_PID 0x7ffffffe /* the filter's word for the process that loads it */

static struct sock_filter filter[MAX_FILTER];
static unsigned short filter_length;

void read_filter(void) {
    if (opt.filter < 0) return;
    ssize_t n = read(opt.filter, filter, sizeof filter);
    if (n <= 0 || n % sizeof *filter || n == sizeof filter) errno = EINVAL, die("the system call filter");
    filter_length = n / sizeof *filter;
    close(opt.filter);
}

static void load_filter(void) {
    if (!filter_length) return;
    for (int i = 0; i < filter_length; i++)
        if (filter[i].k == OWN_PID) filter[i].k = getpid();
    struct sock_fprog program = {filter_length, filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) die("load the system call filter");
}

/* ---- Landlock, declared here because the headers of many machines are older than their kernels ----------------- */

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, PATH_BENEATH = 1 };
enum { EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, ALL_OF_1 = (1 << 13) - 1, REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15 };
struct ruleset { uint64_t files, net, scoped; };
struct beneath { uint64_t allowed; int32_t parent; } __attribute__((packed));

static void allow(int rules, const char *path, uint64_t access) {
    struct beneath rule = {access, open(path, O_PATH | O_CLOEXEC)};
    struct stat st;
    if (rule.parent < 0) return; /* not on this machine */
    if (fstat(rule.parent, &st) == 0 && !S_ISDIR(st.st_mode)) rule.allowed &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
    if (syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0)) die(path);
    close(rule.parent);
}

/* The rules, or -1; made while this process may still walk to all the paths. */
static int landlock_rules(void) {
    if (!opt.landlock) return -1;
    struct ruleset all = {ALL_OF_1, 0, 0};
    size_t size = 8;
    if (opt.landlock >= 2) all.files |= REFER;
    if (opt.landlock >= 3) all.files |= TRUNCATE;
    if (opt.landlock >= 4) all.net = 3, size = 16;     /* bind and connect, TCP */
    if (opt.landlock >= 5) all.files |= IOCTL_DEV;
    if (opt.landlock >= 6) all.scoped = 3, size = 24;  /* abstract sockets and signals */
    int rules = syscall(CREATE_RULESET, &all, size, 0); /* closed by exec */
    if (rules < 0) die("Landlock");
    char self[32];
    snprintf(self, sizeof self, "/proc/%d", (int)getpid());
    allow(rules, self, READ_FILE | READ_DIR);
    for (int i = 0; i < opt.num_paths; i++)
        allow(rules, opt.paths[i].path, opt.paths[i].kind == PATH_WRITE ? all.files & ~(uint64_t)IOCTL_DEV : EXECUTE | READ_FILE | READ_DIR);
    return rules;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

static void limit(int what, long long value) {
    struct rlimit r = {value, value}, old;
    if (what == RLIMIT_CPU) r.rlim_max++; /* the signal that can be told from others comes at the lower one */
    if (getrlimit(what, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < r.rlim_max) r.rlim_cur = r.rlim_max = old.rlim_max;
    setrlimit(what, &r);
}

static void pin(void) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    for (const char *at = opt.cores; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : "") CPU_SET(atoi(at), &cores);
    if (opt.cores && sched_setaffinity(0, sizeof cores, &cores)) die("pin to cores");
}

static void drop_privileges(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    if (opt.uid >= 0) {
        for (int cap = 0; cap < 64; cap++) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
        if (setgroups(0, NULL) || setresgid(opt.uid, opt.uid, opt.uid) || setresuid(opt.uid, opt.uid, opt.uid)) die("drop the user");
        if (setuid(0) == 0) die("the user is not dropped");
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("drop capabilities");
}

void confine(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); /* if memory runs out, this goes first */
    if (fd >= 0 && write(fd, "1000", 4) != 4) { /* not everywhere allowed, and only a precaution */ }
    setsid();
    pin();
    limit(RLIMIT_CORE, 0), limit(RLIMIT_FSIZE, opt.file), limit(RLIMIT_NOFILE, 1024), limit(RLIMIT_CPU, opt.cpu_ms / 1000 + 2);
    limit(RLIMIT_NPROC, opt.processes + opt.process_slack), limit(RLIMIT_MSGQUEUE, 0), limit(RLIMIT_STACK, opt.stack);
    if (opt.no_aslr) personality(ADDR_NO_RANDOMIZE); /* sanitizers need their shadow where they expect it */
    int rules = landlock_rules();
    drop_privileges();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (rules >= 0 && syscall(RESTRICT_SELF, rules, 0)) die("Landlock");
    load_filter();
}
