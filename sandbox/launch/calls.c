/*
 * Calls of a program's functions, made through shared memory and watched from here.
 *
 * Theory of operation. Every rank of the program is a small main (caller.h) that maps two files of the box and waits.
 * `.const` holds the arguments that must not change and belongs to this process, which alone can write it; `.call-RANK`
 * begins with a page for the words below, then come the other arguments. For each call this process stops everything in
 * the box, writes the arguments of this call and no other, sets the word `go`, looks at the clock, lets go, waits until every rank
 * has set `done`, looks at the clock again, stops everything, and appends what all memory holds to the results. So inputs
 * don't exist in the box before their call, results can't change after it, and the clock and every comparison are outside.
 * A word that is forged makes the copy early and nothing else.
 *
 * The inputs are a file that the program can't reach, made by Python:
 *
 *     struct plan; struct round[rounds]; struct call[calls]; then arguments, const ones first, in their place
 *
 * A round is one start of the program. The results are a file of the same kind, already as long as it can become:
 *
 *     struct progress[rounds]; then for each call that ended: struct record; struct task[tasks]; `.const`; `.call-RANK` of each rank
 *
 * Files of the box are never read through a mapping: the program may cut them short.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"

#define MAX_RANKS 64
#define PAGE 4096 /* before the arguments of `.call-RANK` */
#define LEAVE 0xffffffffu

struct plan { uint32_t magic, rounds, calls, ranks; uint64_t const_room, room; };
struct round { uint32_t first, calls, ranks, spare; };
struct call { uint64_t at, const_bytes, bytes; };
struct progress { uint32_t begun, ended, fault_rank, fault_kind; uint64_t fault_at; };
struct record { uint32_t call, tasks, all_still, ranks; uint64_t wall_ns; int64_t counted; };
struct words { uint32_t go, done, fault_kind, spare; uint64_t fault_at; };

static const struct plan *plan;
static const struct round *rounds, *round_now;
static const struct call *calls;
static const char *inputs;
static char *results;
static uint64_t results_at, results_end;
static int const_file = -1, rank_files[MAX_RANKS];
static struct words *rank_words[MAX_RANKS]; /* for the kernel to wait on; never read here */
static struct task before[MAX_TASKS], after[MAX_TASKS];
static int num_before;
static struct progress *progress;
static uint32_t next_call, rank_awaited;
static int waiting;
static long long begun_ns;
static int64_t begun_count;

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int make_file(const char *name, mode_t mode, uint64_t bytes) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", opt.box, name);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) || (bytes && (errno = posix_fallocate(fd, 0, bytes)))) die(path);
    return fd;
}

void open_calls(void) {
    struct stat in, out;
    if (fstat(opt.calls, &in) || fstat(opt.results, &out)) die("the calls");
    inputs = mmap(NULL, in.st_size, PROT_READ, MAP_SHARED, opt.calls, 0);
    results = mmap(NULL, out.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, opt.results, 0);
    if (inputs == MAP_FAILED || results == MAP_FAILED) die("the calls");
    plan = (const struct plan *)inputs;
    rounds = (const struct round *)(plan + 1);
    calls = (const struct call *)(rounds + plan->rounds);
    results_at = plan->rounds * sizeof(struct progress), results_end = out.st_size;
    memset(results, 0, results_at); /* of an attempt that failed */
    if (plan->ranks > MAX_RANKS) errno = E2BIG, die("the ranks");
    int other = opt.uid >= 0; /* the program is another user than this process */
    const_file = make_file(".const", other ? 0444 : 0400, plan->const_room);
    for (uint32_t r = 0; r < plan->ranks; r++) {
        char name[32];
        snprintf(name, sizeof name, ".call-%u", r);
        rank_files[r] = make_file(name, other ? 0666 : 0600, PAGE + plan->room);
        rank_words[r] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rank_files[r], 0);
        if (rank_words[r] == MAP_FAILED) die(name);
    }
}

static void write_all(int fd, const char *data, uint64_t bytes, uint64_t at) {
    for (ssize_t n; bytes; data += n, bytes -= n, at += n)
        if ((n = pwrite(fd, data, bytes, at)) <= 0) return; /* the copy that follows will tell */
}

static void set_words(uint32_t rank, uint32_t go) {
    struct words words = {.go = go};
    write_all(rank_files[rank], (const char *)&words, sizeof words, 0);
}

static struct words get_words(uint32_t rank) {
    struct words words = {0};
    if (pread(rank_files[rank], &words, sizeof words, 0) < 0) { /* all zero then */ }
    return words;
}

static void wake(uint32_t rank) { syscall(SYS_futex, &rank_words[rank]->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }

void begin_round(int number) {
    progress = (struct progress *)results + number, round_now = &rounds[number];
    next_call = 0, rank_awaited = 0, waiting = 1;
    for (uint32_t r = 0; r < round_now->ranks; r++) set_words(r, 0);
}

static void append(const void *data, uint64_t bytes) {
    if (results_at + bytes > results_end) errno = ENOSPC, die("the results");
    memcpy(results + results_at, data, bytes);
    results_at += bytes;
}

static void append_file(int fd, uint64_t bytes, uint64_t at) {
    if (results_at + bytes > results_end) errno = ENOSPC, die("the results");
    for (ssize_t n; bytes; bytes -= n, at += n, results_at += n)
        if ((n = pread(fd, results + results_at, bytes, at)) <= 0) { results_at += bytes; return; } /* zeros where it was cut */
}

/* What each task has used since the call began, in place. */
static void subtract(struct task *now, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < num_before; j++)
            if (now[i].pid == before[j].pid && now[i].tid == before[j].tid) {
                now[i].ns -= before[j].ns;
                break;
            }
}

static void start_call(void) {
    if (next_call == round_now->calls) {
        for (uint32_t r = 0; r < round_now->ranks; r++) set_words(r, LEAVE);
        waiting = 0;
    } else {
        const struct call *call = &calls[round_now->first + next_call];
        const char *arguments = inputs + call->at;
        write_all(const_file, arguments, call->const_bytes, 0);
        for (uint32_t r = 0; r < round_now->ranks; r++) {
            write_all(rank_files[r], arguments + call->const_bytes, call->bytes, PAGE);
            set_words(r, next_call + 1);
        }
        rank_awaited = 0, progress->begun++;
    }
    begun_count = counted();
    begun_ns = now_ns();
    go_on();
    for (uint32_t r = 0; r < round_now->ranks; r++) wake(r);
}

/* All ranks are done: with the call before the next one, or with their start. */
static void finish_call(int is_call) {
    long long wall = now_ns() - begun_ns;
    int still, n = halt(after, &still);
    int64_t count = counted();
    if (is_call) {
        const struct call *call = &calls[round_now->first + next_call];
        struct record record = {round_now->first + next_call, n, still, round_now->ranks, wall, begun_count < 0 ? begun_count : count < 0 ? count : count - begun_count};
        append(&record, sizeof record);
        struct task *used = (struct task *)(results + results_at);
        append(after, n * sizeof *after);
        subtract(used, n);
        append_file(const_file, call->const_bytes, 0);
        for (uint32_t r = 0; r < round_now->ranks; r++) append_file(rank_files[r], call->bytes, PAGE);
        progress->ended++, next_call++;
    }
    memcpy(before, after, n * sizeof *after), num_before = n;
}

void attend_calls(long long until_us) {
    while (waiting) {
        int is_call = progress->begun > progress->ended;
        uint32_t awaited = is_call ? next_call + 2 : 1, done = 0;
        while (rank_awaited < round_now->ranks && (done = get_words(rank_awaited).done) == awaited) rank_awaited++;
        if (rank_awaited == round_now->ranks) {
            finish_call(is_call);
            start_call();
            continue;
        }
        long long left = until_us - now_us();
        if (left <= 0) return;
        struct timespec timeout = {left / 1000000, left % 1000000 * 1000};
        if (syscall(SYS_futex, &rank_words[rank_awaited]->done, FUTEX_WAIT, done, &timeout, NULL, 0) == 0 || errno == EAGAIN) continue;
        if (errno == EFAULT) waiting = 0; /* it has cut its file short: nobody is served any more */
    }
}

void end_round(void) {
    for (uint32_t r = 0; r < round_now->ranks && !progress->fault_kind; r++) {
        struct words words = get_words(r);
        if (words.fault_kind) progress->fault_rank = r, progress->fault_kind = words.fault_kind, progress->fault_at = words.fault_at;
    }
}
