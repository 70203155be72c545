/* The part of every driver that doesn't depend on the functions it calls.
 *
 * Theory of operation. The driver is the main program around functions that nobody trusts. It reads
 * calls from inputs.bin, lays every array between two guard zones, calls the function and appends one
 * record per call to outputs.bin. It holds no expected value and passes no verdict: the process outside compares.
 * With HPCRAFT_FORK each call is made in a child of its own, so that a crash or an endless loop loses that call alone: it has its seconds
 * of the processor, for each thread that can run, and an alarm for one that only waits, so that a busy machine ends nothing sooner. With HPCRAFT_MPI every rank makes every call with its own full copies and under an alarm, and rank 0 writes
 * when all have come through, so that the first call without a record is the one that ended the program. What is built against
 * hpcraft_world sends in a communicator of its own, so that a message that nobody receives isn't taken for one of the next call.
 * Under the address sanitizer arrays have no guard zones: the sanitizer's own are stricter.
 *
 * inputs.bin:  u32 calls; per call: u32 function, u32 seconds, then per parameter 8 bytes (scalar) or u64 length + elements.
 * outputs.bin: per call: u32 magic, u32 call, u32 status, u32 signal, 8 bytes return value (of a child that ended itself: its exit code),
 *              u32 arrays, then per array u64 length + elements.
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HPCRAFT_MPI
#include <mpi.h>
#endif

#define RECORD_MAGIC 0x43525048u
#define GUARD_BYTES 256
#define GUARD_FILL 0xA5
#define MAX_ARRAYS 64

enum { STATUS_OK = 0, STATUS_GUARD_BROKEN = 1, STATUS_CONST_CHANGED = 2, STATUS_CRASHED = 4 };

#if defined(__SANITIZE_ADDRESS__)
#define GUARD 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD 0
#endif
#endif
#ifndef GUARD
#define GUARD GUARD_BYTES
#endif

typedef struct {
    unsigned char *base, *data, *copy; /* copy: of a const array, to see whether it was changed */
    uint64_t length, bytes;
} array_t;

typedef struct {
    array_t arrays[MAX_ARRAYS];
    uint32_t count, index, status;
    unsigned char value[8];
} call_t;

/* Read at a place of our own: a child that calls exit would put a stream's back, and the place is shared with the parent. */
static int in = -1;
static off_t in_at;
static int out = -1;

static void fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    _exit(97);
}

static void take(void *into, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(in, (char *)into + done, bytes - done, in_at);
        if (got <= 0) fail("inputs.bin ends early");
        done += (size_t)got, in_at += got;
    }
}

static uint32_t take_u32(void) {
    uint32_t value;
    take(&value, sizeof value);
    return value;
}

static void *take_array(call_t *call, size_t size, int is_const) {
    if (call->count == MAX_ARRAYS) fail("too many arrays");
    array_t *a = &call->arrays[call->count++];
    take(&a->length, sizeof a->length);
    a->bytes = a->length * size;
    a->base = malloc(a->bytes + 2 * GUARD);
    if (!a->base) fail("out of memory");
    memset(a->base, GUARD_FILL, a->bytes + 2 * GUARD);
    a->data = a->base + GUARD;
    take(a->data, a->bytes);
    a->copy = NULL;
    if (is_const) {
        a->copy = malloc(a->bytes + 1);
        if (!a->copy) fail("out of memory");
        memcpy(a->copy, a->data, a->bytes);
    }
    return a->data;
}

static void inspect(call_t *call) {
    for (uint32_t i = 0; i < call->count; i++) {
        array_t *a = &call->arrays[i];
        for (int g = 0; g < GUARD; g++)
            if (a->base[g] != GUARD_FILL || a->data[a->bytes + g] != GUARD_FILL) call->status |= STATUS_GUARD_BROKEN;
        if (a->copy && memcmp(a->copy, a->data, a->bytes)) call->status |= STATUS_CONST_CHANGED;
    }
}

static void put(const void *data, size_t bytes) {
    const char *at = data;
    while (bytes) {
        ssize_t done = write(out, at, bytes);
        if (done <= 0) fail("cannot write outputs.bin");
        at += done;
        bytes -= (size_t)done;
    }
}

static void put_header(uint32_t index, uint32_t status, uint32_t sig, const unsigned char *value, uint32_t arrays) {
    unsigned char header[28];
    uint32_t words[4] = {RECORD_MAGIC, index, status, sig};
    memcpy(header, words, 16);
    memcpy(header + 16, value, 8);
    memcpy(header + 24, &arrays, 4);
    put(header, sizeof header);
}

static void put_call(call_t *call) {
    put_header(call->index, call->status, 0, call->value, call->count);
    for (uint32_t i = 0; i < call->count; i++) {
        put(&call->arrays[i].length, 8);
        put(call->arrays[i].data, call->arrays[i].bytes);
    }
}

static void release(call_t *call) {
    for (uint32_t i = 0; i < call->count; i++) {
        free(call->arrays[i].base);
        free(call->arrays[i].copy);
    }
}

#define MOST_WAITS 3 /* times its seconds, by the clock */

static uint32_t budget_seconds;
static int writes = 1;

#ifdef HPCRAFT_MPI
MPI_Comm hpcraft_world = MPI_COMM_NULL;
#endif

#ifdef HPCRAFT_FORK
static void end_late(int number) {
    (void)number;
    signal(SIGALRM, SIG_DFL);
    raise(SIGALRM);
}

static void limit(void) {
    const char *asked = getenv("OMP_NUM_THREADS");
    long threads = asked ? atol(asked) : 1, cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads > cores) threads = cores;
    struct itimerval timer = {.it_value.tv_sec = budget_seconds * (threads > 1 ? threads : 1)};
    signal(SIGPROF, end_late);
    setitimer(ITIMER_PROF, &timer, NULL);
    alarm(MOST_WAITS * budget_seconds);
}
#endif

/* Between reading the arguments and the call: 1 where the call is to be made, 0 where a child has made it. */
static int enter(call_t *call) {
#ifdef HPCRAFT_FORK
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) fail("cannot fork");
    if (child == 0) {
        limit();
        return 1;
    }
    int state = 0;
    while (waitpid(child, &state, 0) < 0) {}
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        call->value[0] = WIFEXITED(state) ? (unsigned char)WEXITSTATUS(state) : 0;
        put_header(call->index, STATUS_CRASHED, WIFSIGNALED(state) ? (uint32_t)WTERMSIG(state) : 0, call->value, 0);
    }
    return 0;
#else
    (void)call;
#ifdef HPCRAFT_MPI
    MPI_Comm_dup(MPI_COMM_WORLD, &hpcraft_world);
    alarm(budget_seconds);
#endif
    return 1;
#endif
}

/* After the call: look at the guards and write the record. */
static void leave(call_t *call) {
    inspect(call);
#ifdef HPCRAFT_MPI
    MPI_Allreduce(MPI_IN_PLACE, &call->status, 1, MPI_UINT32_T, MPI_BOR, MPI_COMM_WORLD);
    alarm(0);
    MPI_Comm_free(&hpcraft_world);
#endif
    if (writes) put_call(call);
#ifdef HPCRAFT_FORK
    fflush(NULL);
    _exit(0);
#endif
}

/* Generated: reads the arguments of function number `function` and calls it. */
static void dispatch(uint32_t function, call_t *call);

int main(int argc, char **argv) {
#ifdef HPCRAFT_MPI
    int rank = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    writes = rank == 0;
#endif
    (void)argc;
    (void)argv;
    mallopt(M_PERTURB, HPCRAFT_LITTER ^ 0xFF); /* so with memory that the function allocates */
    in = open("inputs.bin", O_RDONLY);
    if (in < 0) fail("no inputs.bin");
    if (writes) {
        out = open("outputs.bin", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        if (out < 0) fail("cannot write outputs.bin");
    }
    uint32_t calls = take_u32();
    for (uint32_t i = 0; i < calls; i++) {
        call_t call = {.count = 0, .index = i, .status = STATUS_OK};
        uint32_t function = take_u32();
        budget_seconds = take_u32();
        hpcraft_litter();
        dispatch(function, &call);
#ifdef HPCRAFT_MPI
        MPI_Barrier(MPI_COMM_WORLD);
#endif
        release(&call);
    }
#ifdef HPCRAFT_MPI
    MPI_Finalize();
#endif
    return 0;
}
