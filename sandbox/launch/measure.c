/* What the processes of the box use, and whether that is too much. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "launch.h"

#define MAX_PROCESSES 16384
#define WALK_US 100000
#define EXACT_REST 50 /* times as long as the last exact look at memory took, until the next */
#define FREE_SOCKETS 256 /* what MPI takes for a dozen ranks and more */
#define BYTES_PER_SOCKET 262144
#define BYTES_PER_OBJECT 64 /* what the kernel adds to each message, and takes for each semaphore */

struct process { int pid, task, parent, inside; long threads; long long resident, mapped, ticks; };
struct usage { int processes; long threads; long long memory, ticks; };

static struct process table[MAX_PROCESSES];
static long long peak_bytes;

void note_peak(long long bytes) { if (bytes > peak_bytes) peak_bytes = bytes; }

long long peak_memory(void) { return peak_bytes; }

static size_t read_file(const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, buffer, size - 1);
    close(fd);
    buffer[n > 0 ? n : 0] = 0;
    return n > 0 ? n : 0;
}

static int read_stat(int pid, struct process *p) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_file(path, line, sizeof line)) return 0;
    char *rest = strrchr(line, ')'), state; /* the name before it is chosen by the program */
    long long pages, user, system, children_user, children_system;
    if (!rest || sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld %*d %*d %ld %*d %*u %lld %lld", &state, &p->parent,
                        &user, &system, &children_user, &children_system, &p->threads, &p->mapped, &pages) != 9) return 0;
    p->pid = p->task = pid, p->inside = 0, p->resident = pages * sysconf(_SC_PAGESIZE);
    p->ticks = user + system + children_user + children_system;
    return 1;
}

/* A process whose first thread has left shows no memory there, but at those that live on. */
static int read_process(int pid, struct process *p) {
    if (!read_stat(pid, p)) return 0;
    if (p->resident || p->threads < 2) return 1;
    char path[64];
    struct process other;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && !p->resident && (entry = readdir(tasks));)
        if (isdigit((unsigned char)entry->d_name[0]) && read_stat(atoi(entry->d_name), &other) && other.resident)
            p->task = other.pid, p->resident = other.resident;
    if (tasks) closedir(tasks);
    return 1;
}

/* All processes of the box but this one, to the front of `table`. */
static int list_processes(void) {
    DIR *proc = opendir("/proc");
    if (!proc) return 0;
    int n = 0, kept = 0, changed = !opt.own_namespace;
    for (struct dirent *entry; n < MAX_PROCESSES && (entry = readdir(proc));)
        if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid() && read_process(atoi(entry->d_name), &table[n])) n++;
    closedir(proc);
    if (opt.own_namespace) return n;
    while (changed) {
        changed = 0;
        for (int i = 0; i < n; i++)
            for (int j = -1; !table[i].inside && j < n; j++)
                if (j < 0 ? table[i].parent == getpid() : table[j].inside && table[j].pid == table[i].parent)
                    table[i].inside = changed = 1;
    }
    for (int i = 0; i < n; i++)
        if (table[i].inside) table[kept++] = table[i];
    return kept;
}

int list_pids(int *pids, int most) {
    int n = list_processes();
    if (n > most) n = most;
    for (int i = 0; i < n; i++) pids[i] = table[i].pid;
    return n;
}

int signal_all(int number) {
    int n = list_processes();
    for (int i = 0; i < n; i++) kill(table[i].pid, number);
    return n;
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

static long long field_kb(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? atoll(at + strlen(name)) * 1024 : 0;
}

/* Counts shared pages once. Only taken when the quick sum is over the limit, because it walks page tables. */
static long long exact_memory(int n, long long in_shm) {
    long long total = 0, shm = 0;
    for (int i = 0; i < n; i++) {
        char path[64], text[4096];
        struct process now;
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", table[i].task);
        if (read_file(path, text, sizeof text)) total += field_kb(text, "\nPss:"), shm += field_kb(text, "\nPss_Shmem:");
        else if (read_process(table[i].pid, &now)) total += now.resident; /* it may have ended meanwhile */
    }
    return total + (in_shm > shm ? in_shm - shm : 0);
}

/* Shared memory of the box's own namespaces, in use by a process or not. */
static long long shared_memory(void) {
    struct statvfs fs;
    struct shm_info system_v;
    long long total = 0;
    const char *mounted[] = {"/dev/shm", "/dev"}; /* Apptainer's /dev belongs to the user */
    for (int i = 0; i < 2; i++)
        if (statvfs(mounted[i], &fs) == 0) total += (long long)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
    if (shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&system_v) >= 0) total += (long long)system_v.shm_rss * sysconf(_SC_PAGESIZE);
    return total;
}

/* What waits in sockets is memory of the kernel's, told by nobody: take the most that one may hold for each beyond a few. */
static long long socket_memory(void) {
    char text[512];
    const char *used = read_file("/proc/net/sockstat", text, sizeof text) ? strstr(text, "used ") : NULL;
    long long sockets = used ? atoll(used + 5) : 0;
    return sockets > FREE_SOCKETS ? (sockets - FREE_SOCKETS) * BYTES_PER_SOCKET : 0;
}

/* Messages and semaphores of System V, in the box's own namespace. */
static long long queue_memory(void) {
    struct msginfo messages;
    struct seminfo semaphores;
    long long total = 0;
    if (msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&messages) >= 0)
        total += (unsigned)messages.msgtql + (unsigned)messages.msgmap * (long long)BYTES_PER_OBJECT;
    if (semctl(0, 0, SEM_INFO, &semaphores) >= 0) total += (unsigned)semaphores.semaem * (long long)BYTES_PER_OBJECT;
    return total;
}

/* Reading one byte in every two megabytes takes page tables alone. Only looked at where the addresses in use allow them to be over `room`. */
static long long table_memory(int n, long long room) {
    long long most = 0, total = 0;
    for (int i = 0; i < n; i++) most += table[i].mapped / 500; /* 8 bytes for a page, and the levels above */
    for (int i = 0; i < n && most > room; i++) {
        char path[64], text[4096];
        snprintf(path, sizeof path, "/proc/%d/status", table[i].task);
        if (read_file(path, text, sizeof text)) total += field_kb(text, "\nVmPTE:");
    }
    return total;
}

/* The most that was in use, told exactly; as looking takes time, at most a fiftieth of it. The limit doesn't hang on this. */
static void note_exact_peak(int n, long long in_shm) {
    static long long next;
    long long begin = now_us();
    if (begin < next) return;
    note_peak(exact_memory(n, in_shm));
    next = now_us() + EXACT_REST * (now_us() - begin);
}

static struct usage measure(void) {
    struct usage u = {0};
    long long in_shm = opt.own_namespace ? shared_memory() : 0, in_kernel = opt.own_namespace ? socket_memory() + queue_memory() : 0;
    u.processes = list_processes();
    for (int i = 0; i < u.processes; i++) u.threads += table[i].threads, u.memory += table[i].resident, u.ticks += table[i].ticks;
    u.memory += in_shm;
    if (u.memory > opt.memory) u.memory = exact_memory(u.processes, in_shm);
    if (u.processes == 1 || u.memory <= peak_bytes) note_peak(u.memory);
    else note_exact_peak(u.processes, in_shm); /* shared pages would be told twice in the sum */
    u.memory += in_kernel;
    u.memory += table_memory(u.processes, opt.memory - u.memory);
    return u;
}

/* The number after `name` in a file of a control group, or -1. */
static long long group_value(int fd, const char *name) {
    char text[1024];
    if (fd < 0) return -1;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0) return -1;
    text[n] = 0;
    const char *at = *name ? strstr(text, name) : text;
    return at ? atoll(at + strlen(name)) : -1;
}

int killed_for_memory(void) { return group_value(opt.oom, "oom_kill ") > 0; }

/* ---- time --------------------------------------------------------------------------------------------------- */

static long long cpu_us(long long live_ticks) {
    long long group = group_value(opt.cpu_usage, "usage_usec "); /* version 2 */
    if (group >= 0) return group;
    group = group_value(opt.cpu_usage, ""); /* version 1, in nanoseconds; also counts children that nobody waits for */
    if (group >= 0) return group / 1000;
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    long long reaped = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    return reaped + live_ticks * 1000000 / sysconf(_SC_CLK_TCK);
}

static long long cpu_before_us;

void forget_cpu(void) { cpu_before_us = cpu_us(0); }

long long cpu_used_us(void) { return cpu_us(0) - cpu_before_us; }

/* ---- disk --------------------------------------------------------------------------------------------------- */

/* Files that were unlinked while open still take room. */
static long long unlinked_bytes(int n) {
    long long total = 0;
    for (int i = 0; i < n; i++) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%d/fd", table[i].pid);
        DIR *fds = opendir(path);
        struct stat st;
        for (struct dirent *entry; fds && (entry = readdir(fds));)
            if (fstatat(dirfd(fds), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0) total += st.st_blocks * 512LL;
        if (fds) closedir(fds);
    }
    return total;
}

/* A folder that its owner may not list; how it was made must not keep us from counting. */
static int make_readable(const char *path) {
    char self[64];
    struct stat st;
    int done = 0, fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid()) done = chmod(self, (st.st_mode & 07777) | S_IRWXU) == 0;
    if (fd >= 0) close(fd);
    return done;
}

static int folder_full(int fresh) {
    static long long next;
    static int full;
    long long begin = now_us(), bytes = 0, files = 0;
    if (full || (begin < next && !fresh)) return full;
    char *roots[] = {(char *)opt.box, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV, NULL); /* changes folders as it goes, so that depth is no way out */
    while (walk && !full && files <= MAX_FILES_IN_BOX && bytes <= opt.disk) {
        errno = 0;
        FTSENT *entry = fts_read(walk);
        if (!entry) full = errno == ENAMETOOLONG; /* deeper than anybody can count */
        if (!entry) break;
        if (entry->fts_info == FTS_DNR && entry->fts_errno == EACCES) {
            if (entry->fts_number++ || !make_readable(entry->fts_accpath)) full = 1; /* it is closed again and again */
            fts_set(walk, entry, FTS_AGAIN);
        } else if (entry->fts_info != FTS_DP && entry->fts_statp) files++, bytes += entry->fts_statp->st_blocks * 512LL;
    }
    if (walk) fts_close(walk);
    if (bytes <= opt.disk) bytes += unlinked_bytes(list_processes());
    full = full || bytes > opt.disk || files > MAX_FILES_IN_BOX;
    next = now_us() + WALK_US + 10 * (now_us() - begin);
    return full;
}

int disk_full(int fresh) {
    struct statvfs fs;
    if (opt.walk_disk) return folder_full(fresh);
    if (statvfs(opt.box, &fs) != 0) return 0;
    return fs.f_bfree == 0 || fs.f_files - fs.f_ffree > MAX_FILES_IN_BOX;
}

const char *over_limit(long long deadline) {
    struct usage u = measure();
    if (killed_for_memory() || u.memory > opt.memory) return "memory";
    if (u.threads > opt.processes) return "processes";
    if (disk_full(0)) return "disk";
    if (cpu_us(u.ticks) - cpu_before_us > opt.cpu_ms * 1000LL) return "cpu";
    return now_us() >= deadline ? "time" : NULL;
}

const char *over_limit_at_end(void) {
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    note_peak(used.ru_maxrss * 1024LL);
    if (peak_bytes > opt.memory) return "memory";
    return measure().threads > opt.processes ? "processes" : NULL;
}
