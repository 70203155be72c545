/*
 * The supervisor of one box: runs commands one after the other under limits, kills everything they left,
 * and hands back what they wrote.
 *
 * Theory of operation. Python starts `bwrap`, which makes the namespaces and starts this program as pid 1 of the
 * box (tier bubblewrap); in tier none Python starts it directly and it makes itself the reaper of its descendants.
 * Each command is forked, loses its privileges and is executed. Meanwhile this program sleeps in poll() on three
 * things: a child ended (signalfd), Python let go of the control pipe (it wants the box dead, or is dead itself),
 * or a tick passed (measure memory, processes, disk and the clock). However it ends, every process of the box is
 * killed and reaped before the report goes to the status pipe:
 *
 *     started
 *     end REASON STEP WAIT_STATUS WALL_US CPU_US PEAK_BYTES DISK_FULL
 *     file INDEX SIZE, then SIZE bytes          (for each name to collect that is a regular file)
 *     done
 *
 * A failed start of a command is reported as `exec STEP ERRNO` in place of `end`. Anything shorter than `done`
 * means that the box itself failed. The commands run as another user than this program (root), or this program is
 * not dumpable (ordinary user): either way they can't trace, read or signal it to death.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 256
#define MAX_COLLECT 1024
#define MAX_PROCESSES 16384
#define MAX_FILES_IN_BOX 100000

static struct {
    long uid, wall_ms, processes, process_slack, own_namespace, no_aslr, status, control;
    long long memory, disk, stack;
    const char *box;
    char **commands[MAX_COMMANDS];
    int num_commands;
    const char *collect[MAX_COLLECT];
    int num_collect;
} opt = {.uid = -1, .status = -1, .control = -1};

struct process { int pid, parent, inside; long threads; long long resident; };
struct usage { long threads; long long memory; };

static struct process table[MAX_PROCESSES];
static long long peak_bytes;

static void die(const char *what) { fprintf(stderr, "launch: %s: %s\n", what, strerror(errno)); _exit(70); }

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void say(const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(opt.status, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(70); /* Python is gone: nobody to report to, and our end ends the box */
        at += n, size -= n;
    }
}

static size_t read_file(const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, buffer, size - 1);
    close(fd);
    buffer[n > 0 ? n : 0] = 0;
    return n > 0 ? n : 0;
}

/* ---- measuring ---------------------------------------------------------------------------------------------- */

static int read_process(int pid, struct process *p) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_file(path, line, sizeof line)) return 0;
    char *rest = strrchr(line, ')'), state; /* the name before it is chosen by the program */
    long long pages;
    if (!rest || sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %*u %*u %lld",
                        &state, &p->parent, &p->threads, &pages) != 4) return 0;
    p->pid = pid, p->inside = 0, p->resident = pages * sysconf(_SC_PAGESIZE);
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

static long long field_kb(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? atoll(at + strlen(name)) * 1024 : 0;
}

/* Counts shared pages once. Only taken when the quick sum is over the limit, because it walks page tables. */
static long long exact_memory(int n, long long in_shm) {
    long long total = 0, shm = 0;
    for (int i = 0; i < n; i++) {
        char path[64], text[4096];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", table[i].pid);
        if (read_file(path, text, sizeof text)) total += field_kb(text, "\nPss:"), shm += field_kb(text, "\nPss_Shmem:");
        else total += table[i].resident;
    }
    return total + (in_shm > shm ? in_shm - shm : 0);
}

static struct usage measure(void) {
    struct usage u = {0, 0};
    struct statvfs fs;
    long long in_shm = 0;
    if (opt.own_namespace && statvfs("/dev/shm", &fs) == 0) in_shm = (long long)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
    int n = list_processes();
    for (int i = 0; i < n; i++) u.threads += table[i].threads, u.memory += table[i].resident;
    u.memory += in_shm;
    if (u.memory > opt.memory) u.memory = exact_memory(n, in_shm);
    if (n == 1 && u.memory > peak_bytes) peak_bytes = u.memory;
    else if (n > 1 && u.memory > peak_bytes) { /* shared pages would be told twice */
        long long exact = exact_memory(n, in_shm);
        if (exact > peak_bytes) peak_bytes = exact;
    }
    return u;
}

static int disk_full(void) {
    struct statvfs fs;
    if (!opt.own_namespace || statvfs(opt.box, &fs) != 0) return 0; /* tier none has a folder without a quota */
    return fs.f_bfree == 0 || fs.f_files - fs.f_ffree > MAX_FILES_IN_BOX;
}

static const char *over_limit(long long deadline) {
    struct usage u = measure();
    if (u.memory > opt.memory) return "memory";
    if (u.threads > opt.processes) return "processes";
    if (disk_full()) return "disk";
    return now_us() >= deadline ? "time" : NULL;
}

/* ---- the commands ------------------------------------------------------------------------------------------- */

static void limit(int what, long long value) {
    struct rlimit r = {value, value}, old;
    if (getrlimit(what, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < r.rlim_max) r.rlim_cur = r.rlim_max = old.rlim_max;
    setrlimit(what, &r);
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

static _Noreturn void start(char **command, int failure, const sigset_t *mask) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); /* if the machine runs out of memory, this goes first */
    if (fd >= 0 && write(fd, "1000", 4) != 4) { /* not everywhere allowed, and only a precaution */ }
    setsid();
    limit(RLIMIT_CORE, 0), limit(RLIMIT_FSIZE, opt.disk), limit(RLIMIT_NOFILE, 1024);
    limit(RLIMIT_NPROC, opt.processes + opt.process_slack), limit(RLIMIT_MSGQUEUE, 0), limit(RLIMIT_STACK, opt.stack);
    if (opt.no_aslr) personality(ADDR_NO_RANDOMIZE); /* sanitizers need their shadow where they expect it */
    drop_privileges();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(command[0], command);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

/* Outside a namespace there is no signal to all at once: stop everything first, or a fork bomb refills what is killed. */
static void kill_descendants(void) {
    for (int n = list_processes(), last = -1; n != last; last = n, n = list_processes())
        for (int i = 0; i < n; i++) kill(table[i].pid, SIGSTOP);
    for (int n = list_processes(), i = 0; i < n; i++) kill(table[i].pid, SIGKILL);
}

static void kill_all(void) {
    long long give_up = now_us() + 5000000;
    for (;;) {
        if (opt.own_namespace) kill(-1, SIGKILL);
        else kill_descendants();
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {}
        if (pid < 0 || now_us() > give_up) return; /* no child left; in our own namespace our end kills the rest */
        usleep(500);
    }
}

/* Runs one command to its end; returns the reason, and its wait status where it ended by itself. */
static const char *run_command(char **command, int signals, const sigset_t *mask, long long deadline, int *status, int *error) {
    int failure[2];
    if (pipe2(failure, O_CLOEXEC)) die("pipe");
    pid_t main_pid = fork();
    if (main_pid < 0) die("fork");
    if (main_pid == 0) start(command, failure[1], mask);
    close(failure[1]);
    if (read(failure[0], error, sizeof *error) != sizeof *error) *error = 0;
    close(failure[0]);
    struct pollfd waits[2] = {{signals, POLLIN, 0}, {opt.control, POLLIN, 0}};
    int tick_ms = opt.own_namespace ? 10 : 50; /* outside, a tick walks the processes of the whole machine */
    const char *reason = NULL;
    for (long long next_tick = now_us() + 2000; !reason;) {
        long long wait_us = next_tick - now_us();
        poll(waits, 2, wait_us > 0 ? (int)((wait_us + 999) / 1000) : 0);
        struct signalfd_siginfo info;
        if (waits[0].revents && read(signals, &info, sizeof info) < 0 && errno != EAGAIN) die("signalfd");
        int ended;
        for (pid_t pid; (pid = waitpid(-1, &ended, WNOHANG)) > 0;)
            if (pid == main_pid) *status = ended, reason = "exited";
        if (!reason && waits[1].revents) reason = "killed";
        if (!reason && now_us() >= next_tick) reason = over_limit(deadline), next_tick = now_us() + tick_ms * 1000;
    }
    return reason;
}

/* ---- handing back ------------------------------------------------------------------------------------------- */

static void hand_back(int folder, int index) {
    char head[64], block[65536];
    static long long total; /* sparse files can be larger than the box */
    struct stat st;
    int fd = openat(folder, opt.collect[index], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size <= opt.disk - total) {
        total += st.st_size;
        say(head, snprintf(head, sizeof head, "file %d %lld\n", index, (long long)st.st_size));
        for (long long left = st.st_size; left > 0;) {
            ssize_t n = read(fd, block, left < (long long)sizeof block ? left : (long long)sizeof block);
            if (n <= 0) _exit(70);
            say(block, n), left -= n;
        }
    }
    close(fd);
}

static void parse(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *key = argv[i];
        char *value = argv[i + 1];
        if (!strcmp(key, "--uid")) opt.uid = atol(value);
        else if (!strcmp(key, "--wall-ms")) opt.wall_ms = atol(value);
        else if (!strcmp(key, "--memory")) opt.memory = atoll(value);
        else if (!strcmp(key, "--disk")) opt.disk = atoll(value);
        else if (!strcmp(key, "--stack")) opt.stack = atoll(value);
        else if (!strcmp(key, "--processes")) opt.processes = atol(value);
        else if (!strcmp(key, "--process-slack")) opt.process_slack = atol(value);
        else if (!strcmp(key, "--own-namespace")) opt.own_namespace = atol(value);
        else if (!strcmp(key, "--no-aslr")) opt.no_aslr = atol(value);
        else if (!strcmp(key, "--status")) opt.status = atol(value);
        else if (!strcmp(key, "--control")) opt.control = atol(value);
        else if (!strcmp(key, "--box")) opt.box = value;
        else if (!strcmp(key, "--cwd")) { if (chdir(value)) die(value); }
        else if (!strcmp(key, "--collect") && opt.num_collect < MAX_COLLECT) opt.collect[opt.num_collect++] = value;
        else if (!strcmp(key, "--run") && opt.num_commands < MAX_COMMANDS) { /* --run N WORD.. ; the N+1st slot becomes NULL */
            int words = atoi(value);
            char **command = calloc(words + 1, sizeof *command);
            if (!command || i + 1 + words >= argc) die("arguments");
            memcpy(command, argv + i + 2, words * sizeof *command);
            opt.commands[opt.num_commands++] = command;
            i += words;
        } else errno = EINVAL, die(key);
    }
}

int main(int argc, char **argv) {
    parse(argc, argv);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!opt.own_namespace) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (int fd = 3; fd < 1024; fd++)
        if (fd == opt.status || fd == opt.control) fcntl(fd, F_SETFD, FD_CLOEXEC);
        else close(fd);
    int folder = open(opt.box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) die(opt.box);
    signal(SIGPIPE, SIG_IGN);
    sigset_t child, before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) die("signalfd");
    say("started\n", 8);
    const char *reason = "exited";
    int status = 0, error = 0, step = 0, full = 0;
    long long begin = now_us(), deadline = begin + opt.wall_ms * 1000, end = begin;
    for (; step < opt.num_commands; step++) {
        reason = run_command(opt.commands[step], signals, &before, deadline, &status, &error);
        end = now_us(), full = disk_full();
        kill_all();
        if (error || status || strcmp(reason, "exited")) break;
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    if (used.ru_maxrss * 1024LL > peak_bytes) peak_bytes = used.ru_maxrss * 1024LL;
    long long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    char line[256];
    if (error) say(line, snprintf(line, sizeof line, "exec %d %d\n", step, error));
    else say(line, snprintf(line, sizeof line, "end %s %d %d %lld %lld %lld %d\n", reason, step, status, end - begin, cpu, peak_bytes, full));
    for (int i = 0; i < opt.num_collect; i++) hand_back(folder, i);
    say("done\n", 5);
    return 0;
}
