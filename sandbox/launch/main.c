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
 *
 * Where the program's functions are to be called through shared memory, calls.c does that in place of idle waiting, and halt.c
 * makes everything stand still between two calls, and count.c counts what is executed in one. confine.c takes a command's powers away and measure.c watches what it uses. Control groups, where there are any,
 * are made and removed by Python; the whole box is started in one by standby.c, and the kernel ends the commands
 * before this program for what they use, because they come first by their scores.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"

#define LAST_WORDS_US 300000 /* after the deadline's signal */
#define NOT_CONFINED -1      /* in place of exec's error */

struct options opt = {.uid = -1, .status = -1, .control = -1, .filter = -1, .oom = -1, .cpu_usage = -1, .calls = -1, .results = -1, .count_type = -1};

static int failure_pipe = -1; /* in a child that isn't the program yet: where to say so */

_Noreturn void die(const char *what) {
    int failed = NOT_CONFINED;
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    if (failure_pipe >= 0 && write(failure_pipe, &failed, sizeof failed) < 0) _exit(70);
    _exit(70);
}

long long now_us(void) {
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

/* ---- the commands ------------------------------------------------------------------------------------------- */

static _Noreturn void start(char **command, int failure, const sigset_t *mask) {
    failure_pipe = failure;
    confine();
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(command[0], command);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

/* Outside a namespace there is no signal to all at once: stop everything first, or a fork bomb refills what is killed. */
static void kill_descendants(void) {
    for (int n = signal_all(SIGSTOP), last = -1; n != last; last = n, n = signal_all(SIGSTOP)) {}
    signal_all(SIGKILL);
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
    if (*error == NOT_CONFINED) _exit(70); /* it has said why; nothing ran */
    struct pollfd waits[2] = {{signals, POLLIN, 0}, {opt.control, POLLIN, 0}};
    int tick_ms = opt.own_namespace ? 10 : 50; /* outside, a tick walks the processes of the whole machine */
    const char *reason = NULL;
    for (long long next_tick = now_us() + 2000; !reason;) {
        if (opt.calls >= 0) attend_calls(next_tick);
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
    if (killed_for_memory()) return "memory"; /* also when what was left made an end of its own */
    const char *late = strcmp(reason, "exited") ? NULL : over_limit_at_end();
    return late ? late : reason;
}

static int time_is_over(const char *reason) { return !strcmp(reason, "time") || !strcmp(reason, "cpu"); }

/* Lets every process say where it stands, and goes on watching what the clock doesn't limit. */
static void last_words(long long deadline) {
    signal_all(opt.deadline_signal);
    for (long long until = now_us() + LAST_WORDS_US; now_us() < until;) {
        usleep(10000);
        const char *reason = over_limit(deadline);
        if (reason && !time_is_over(reason)) return;
    }
}

/* ---- handing back ------------------------------------------------------------------------------------------- */

/* Opens a file beneath `folder` without following a link anywhere on the way: this process may read more than the program. */
static int open_beneath(int folder, const char *name) {
    char part[256];
    int at = dup(folder);
    for (const char *slash; at >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
        if (slash - name >= (long)sizeof part) { close(at); return -1; }
        memcpy(part, name, slash - name), part[slash - name] = 0;
        int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at), at = next;
    }
    if (at < 0) return -1;
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    close(at);
    return fd;
}

static void hand_back(int folder, int index) {
    char head[64], block[65536];
    static long long total; /* sparse files can be larger than the box */
    struct stat st;
    int fd = open_beneath(folder, opt.collect[index]);
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

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int parse_number(const char *key, const char *value) {
    const struct { const char *key; long *small; long long *large; int *fd; } numbers[] = {
        {"--uid", &opt.uid, 0, 0}, {"--wall-ms", &opt.wall_ms, 0, 0}, {"--cpu-ms", &opt.cpu_ms, 0, 0}, {"--processes", &opt.processes, 0, 0},
        {"--process-slack", &opt.process_slack, 0, 0}, {"--own-namespace", &opt.own_namespace, 0, 0}, {"--walk-disk", &opt.walk_disk, 0, 0},
        {"--no-aslr", &opt.no_aslr, 0, 0}, {"--landlock", &opt.landlock, 0, 0}, {"--deadline-signal", &opt.deadline_signal, 0, 0},
        {"--count-type", &opt.count_type, 0, 0}, {"--count-config", &opt.count_config, 0, 0},
        {"--memory", 0, &opt.memory, 0}, {"--disk", 0, &opt.disk, 0}, {"--file", 0, &opt.file, 0}, {"--stack", 0, &opt.stack, 0},
        {"--status", 0, 0, &opt.status}, {"--control", 0, 0, &opt.control}, {"--filter", 0, 0, &opt.filter}, {"--oom", 0, 0, &opt.oom},
        {"--cpu-usage", 0, 0, &opt.cpu_usage}, {"--calls", 0, 0, &opt.calls}, {"--results", 0, 0, &opt.results},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(key, numbers[i].key)) continue;
        if (numbers[i].small) *numbers[i].small = atol(value);
        else if (numbers[i].large) *numbers[i].large = atoll(value);
        else *numbers[i].fd = atoi(value);
        return 1;
    }
    return 0;
}

static void parse(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *key = argv[i];
        char *value = argv[i + 1];
        if (parse_number(key, value)) continue;
        if (!strcmp(key, "--box")) opt.box = value;
        else if (!strcmp(key, "--cores")) opt.cores = value;
        else if (!strcmp(key, "--cwd")) { if (chdir(value)) die(value); }
        else if (!strcmp(key, "--read") && opt.num_paths < MAX_PATHS) opt.paths[opt.num_paths].kind = PATH_READ, opt.paths[opt.num_paths++].path = value;
        else if (!strcmp(key, "--write") && opt.num_paths < MAX_PATHS) opt.paths[opt.num_paths].kind = PATH_WRITE, opt.paths[opt.num_paths++].path = value;
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

static int is_ours(int fd) {
    return fd == opt.status || fd == opt.control || fd == opt.filter || fd == opt.oom || fd == opt.cpu_usage || fd == opt.calls || fd == opt.results;
}

/* None for the commands; here there are only our own, which older kernels have to be told one by one. */
static void keep_descriptors(void) {
    enum { CLOSE_RANGE = 436, WITH_EXEC = 4 };
    if (syscall(CLOSE_RANGE, 3, ~0U, WITH_EXEC) == 0) return;
    for (int fd = 3; fd < 4096; fd++)
        if (is_ours(fd)) fcntl(fd, F_SETFD, FD_CLOEXEC);
        else close(fd);
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "--stand-by")) stand_by(atoi(argv[2]), argv + 3);
    parse(argc, argv);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!opt.own_namespace) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    keep_descriptors();
    read_filter();
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
    if (opt.calls >= 0) open_calls(), open_counter();
    forget_cpu();
    long long begin = now_us(), deadline = begin + opt.wall_ms * 1000, end = begin;
    for (; step < opt.num_commands; step++) {
        if (opt.calls >= 0) begin_round(step);
        reason = run_command(opt.commands[step], signals, &before, deadline, &status, &error);
        if (opt.calls >= 0) end_round();
        end = now_us(), full = disk_full(1);
        if (full && opt.walk_disk && !strcmp(reason, "exited")) reason = "disk"; /* it was quicker than the watcher */
        if (opt.deadline_signal && time_is_over(reason)) last_words(deadline);
        kill_all();
        if (error || status || strcmp(reason, "exited")) break;
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    note_peak(used.ru_maxrss * 1024LL);
    char line[256];
    if (error) say(line, snprintf(line, sizeof line, "exec %d %d\n", step, error));
    else say(line, snprintf(line, sizeof line, "end %s %d %d %lld %lld %lld %d\n", reason, step, status, end - begin, cpu_used_us(),
                               peak_memory(), full));
    for (int i = 0; i < opt.num_collect; i++) hand_back(folder, i);
    say("done\n", 5);
    return 0;
}
