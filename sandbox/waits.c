/*
 * Says where one MPI rank stands when its time is over, and which one aborted. Preloaded into every rank of a run.
 *
 * Theory of operation. At the deadline the launcher sends SIGWINCH to every process of the box, which those without this
 * library ignore, and kills them a moment later. The handler writes the calls that it interrupted, innermost first, to
 * the file `.waits-RANK` of the box:
 *
 *     p HEX            an instruction of the program, as an address in its file
 *     s NAME           a function of a shared library, by the symbol that covers it
 *     moved            the rank came back from a library to the program's own code after the snapshot
 *
 * The last line tells a rank that is stuck from one that is only often in MPI. To see a return, the program's code is
 * made not executable and the fault that the first instruction of it then takes is caught. Nothing here undoes
 * that for other handlers of the program: it has a fraction of a second to live.
 *
 * Ranks that wait long are made to sleep (`sched_yield`).
 *
 * MPI_Abort leaves `RANK CODE` in `.abort`, because mpirun ends with the code, be it 0, and its message can get lost.
 *
 * The rank can forge the file or leave it out; the words only explain a verdict that the launcher gave already.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define MAX_CALLS 64

static char path[512], abort_path[512];
static const char *rank;
static pid_t owner;
static int file = -1;
static ElfW(Addr) base, begin, end; /* of the program: its load bias and its code, in whole pages */
static struct { uintptr_t interrupted; int num_calls, started; } walk;

static int create(const char *name) { return open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644); }

static void line(const char *kind, const char *text) {
    char out[160];
    size_t n = 0;
    for (; *kind && n < sizeof out - 1; kind++) out[n++] = *kind;
    for (; *text && n < sizeof out - 1; text++) out[n++] = *text;
    out[n++] = '\n';
    if (write(file, out, n) < 0) return; /* a full box: nothing to be told */
}

static int in_program(uintptr_t at) { return at >= begin && at < end; }

static uintptr_t counter_of(void *context) {
    const ucontext_t *machine = context;
#if defined(__x86_64__)
    return machine->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return machine->uc_mcontext.pc;
#else
    return (void)machine, 0;
#endif
}

static _Unwind_Reason_Code tell_call(struct _Unwind_Context *context, void *unused) {
    (void)unused;
    uintptr_t at = _Unwind_GetIP(context);
    walk.started |= at == walk.interrupted; /* before it come this handler and the kernel's way into it */
    if (!walk.started) return _URC_NO_REASON;
    uintptr_t call = at == walk.interrupted ? at : at - 1; /* a return address may belong to the next line */
    Dl_info found;
    if (in_program(call)) {
        char hex[17];
        int n = 16;
        hex[n] = 0;
        for (uintptr_t rest = call - base; n > 0 && (rest || n == 16); rest >>= 4) hex[--n] = "0123456789abcdef"[rest & 15];
        line("p ", hex + n);
    } else line("s ", dladdr((void *)call, &found) && found.dli_sname ? found.dli_sname : "?");
    return ++walk.num_calls < MAX_CALLS ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void on_return(int number, siginfo_t *info, void *context) {
    (void)info;
    if (in_program(counter_of(context))) line("moved", ""), mprotect((void *)begin, end - begin, PROT_READ | PROT_EXEC);
    signal(number, SIG_DFL);
}

static void on_deadline(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    if (file >= 0 || getpid() != owner) return; /* mpirun may pass the signal on once more; a fork of the rank is not the rank */
    walk.interrupted = counter_of(context);
    if (!walk.interrupted || (file = create(path)) < 0) return;
    _Unwind_Backtrace(tell_call, NULL);
    struct sigaction fault = {.sa_sigaction = on_return, .sa_flags = SA_SIGINFO};
    if (!in_program(walk.interrupted) && sigaction(SIGSEGV, &fault, NULL) == 0) mprotect((void *)begin, end - begin, PROT_READ);
}

static int find_code(struct dl_phdr_info *program, size_t size, void *unused) {
    (void)size, (void)unused;
    uintptr_t page = sysconf(_SC_PAGESIZE);
    base = program->dlpi_addr;
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        begin = (base + part->p_vaddr) & -page;
        end = (base + part->p_vaddr + part->p_memsz + page - 1) & -page;
    }
    return 1; /* the first object is the program */
}

__attribute__((constructor)) static void prepare(void) {
    const char *home = getenv("HOME"), *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (int i = 0; i < 3 && !rank; i++) rank = getenv(names[i]);
    unsetenv("LD_PRELOAD"); /* what the rank executes is no rank */
    if (!home || !rank || strlen(rank) > 9) return;
    snprintf(path, sizeof path, "%s/.waits-%s", home, rank);
    snprintf(abort_path, sizeof abort_path, "%s/.abort", home);
    owner = getpid();
    dl_iterate_phdr(find_code, NULL);
    struct sigaction deadline = {.sa_sigaction = on_deadline, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGWINCH, &deadline, NULL);
}

/* Where MPI has nothing to do it yields, again and again: a rank that waits looks as busy as one that works, and takes the cores of those that
 * do. One that has waited for a while sleeps between its looks, a sixteenth of the time that it waited already, so a wait gets no longer by more. */
#define SHORT_NS 100000
#define LOOK_NS 5000 /* of the processor: between two yields of one wait MPI looks for messages, and does nothing else */
#define MOST_NS 500000

static long long now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int sched_yield(void) {
    static __thread long long began, left;
    long long now = now_ns(CLOCK_MONOTONIC);
    int result = 0;
    if (now_ns(CLOCK_THREAD_CPUTIME_ID) - left > LOOK_NS) began = now; /* whoever takes the core from a rank that waits makes it wait no less */
    if (now - began > SHORT_NS) {
        long ns = (now - began) / 16 < MOST_NS ? (now - began) / 16 : MOST_NS;
        nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
    } else result = (int)syscall(SYS_sched_yield);
    left = now_ns(CLOCK_THREAD_CPUTIME_ID);
    return result;
}

/* Fortran's three bindings come here as well. A communicator is a pointer or an int; either fits. */
int PMPI_Abort(void *communicator, int code) {
    int (*real)(void *, int) = (int (*)(void *, int))dlsym(RTLD_NEXT, "PMPI_Abort");
    int note = owner == getpid() ? create(abort_path) : -1;
    if (note >= 0) dprintf(note, "%s %d\n", rank, code), close(note);
    return real ? real(communicator, code) : 1;
}

int MPI_Abort(void *communicator, int code) { return PMPI_Abort(communicator, code); }
