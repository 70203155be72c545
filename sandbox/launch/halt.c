/* Makes every process of the box stand still, and reads what each of its threads has used of the processor. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"

#define GIVE_UP_US 500000 /* a thread that waits in the kernel for another one that stands still can't stop */

static int processes[MAX_TASKS], num_processes;

static long read_at(int folder, const char *path, char *text, size_t size) {
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

static void add_process(int pid) {
    for (int i = 0; i < num_processes; i++)
        if (processes[i] == pid) return;
    if (num_processes < MAX_TASKS) processes[num_processes++] = pid;
}

/* The processes that a thread started; -1 where the kernel doesn't tell. */
static int add_children(int folder, const char *path) {
    char text[4096], *at = text;
    if (read_at(folder, path, text, sizeof text) < 0) return -1;
    for (char *end; strtol(at, &end, 10) > 0; at = end) add_process(strtol(at, NULL, 10));
    return 0;
}

static long long process_ns(int pid) {
    struct timespec t; /* the clock of another process, threads that have ended included */
    return clock_gettime((clockid_t)((~(unsigned)pid << 3) | 2), &t) ? 0 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Of one thread: nanoseconds where the kernel counts them, else clock ticks. */
static long long thread_ns(int folder, const char *tid, const char *stat) {
    char path[300], text[256];
    long long user, system;
    snprintf(path, sizeof path, "%s/schedstat", tid);
    if (read_at(folder, path, text, sizeof text) > 0) return atoll(text);
    if (sscanf(stat, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) != 2) return 0;
    return (user + system) * (1000000000LL / sysconf(_SC_CLK_TCK));
}

static int is_still(char state) { return strchr("TtZXx", state) != NULL; }

/* The threads of one process to `tasks`, after a row for the whole of it; whether all of them stand still. */
static int look(int pid, struct task *tasks, int *n, int by_children) {
    char path[300], text[1024];
    int still = 1;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (!threads) return 1; /* it ended */
    if (*n < MAX_TASKS) tasks[(*n)++] = (struct task){pid, 0, process_ns(pid)};
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        snprintf(path, sizeof path, "%s/stat", entry->d_name);
        char *state = read_at(dirfd(threads), path, text, sizeof text) > 0 ? strrchr(text, ')') : NULL;
        if (!state || state[1] != ' ') continue;
        still &= is_still(state[2]);
        if (*n < MAX_TASKS) tasks[(*n)++] = (struct task){pid, atoi(entry->d_name), thread_ns(dirfd(threads), entry->d_name, state + 2)};
        snprintf(path, sizeof path, "%s/children", entry->d_name);
        if (by_children) add_children(dirfd(threads), path);
    }
    closedir(threads);
    return still;
}

/* Stops what there is and looks at it once. */
static int stop_and_look(struct task *tasks, int *n) {
    char self[64];
    int still = 1, before = num_processes;
    if (opt.own_namespace) kill(-1, SIGSTOP);
    snprintf(self, sizeof self, "/proc/self/task/%d/children", (int)getpid());
    num_processes = *n = 0;
    int by_children = (!opt.own_namespace || getpid() == 1) && add_children(AT_FDCWD, self) == 0;
    if (!by_children) num_processes = list_pids(processes, MAX_TASKS);
    for (int i = 0; i < num_processes; i++) {
        if (!opt.own_namespace) kill(processes[i], SIGSTOP);
        still &= look(processes[i], tasks, n, by_children);
    }
    return still && (opt.own_namespace || num_processes == before); /* outside a namespace one may have slipped through */
}

int halt(struct task *tasks, int *all_still) {
    long long give_up = now_us() + GIVE_UP_US;
    int n;
    for (num_processes = 0; !(*all_still = stop_and_look(tasks, &n)) && now_us() < give_up; usleep(20)) {}
    return n;
}

void go_on(void) {
    if (opt.own_namespace) kill(-1, SIGCONT);
    else for (int i = 0; i < num_processes; i++) kill(processes[i], SIGCONT);
}
