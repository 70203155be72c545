/* The main program around functions that are called through shared memory; sandbox/launch/calls.c has the theory of operation.
 *
 * It maps `.const` (arguments that must not change, which can't be written from here) and `.call-RANK`, and makes the call that
 * the word `go` asks for. It holds no expected value, compares nothing and keeps no time. Valid as C and as C++, which Kokkos needs.
 *
 * `.call-RANK`: a page of words, then of each call: u32 function, u32 fenced, 8 bytes for the returned value, and for each parameter
 * 8 bytes: the scalar itself, or where the array begins in its file; behind them the same number of words with the arrays' lengths.
 * In a fenced call the page behind each array whose bytes are a multiple of the alignment, and the page before each other one, can't be
 * touched; the files hold it all the same.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HPCRAFT_MPI
#include <mpi.h>
#endif

#define HPCRAFT_PAGE 4096
#define HPCRAFT_ALIGNMENT 64
#define HPCRAFT_LEAVE 0xffffffffu
enum { HPCRAFT_IN_CALL = 1, HPCRAFT_IN_CONST = 2, HPCRAFT_ELSEWHERE = 3 };

typedef struct {
    uint32_t go, done, fault_kind, spare;
    uint64_t fault_at;
} hpcraft_words;

static char *hpcraft_call, *hpcraft_const;
static size_t hpcraft_call_bytes, hpcraft_const_bytes;

static void hpcraft_fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    _exit(97);
}

static char *hpcraft_map(const char *name, int writes, size_t *bytes) {
    struct stat st;
    int fd = open(name, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) hpcraft_fail(name);
    *bytes = (size_t)st.st_size;
    void *at = mmap(NULL, *bytes, PROT_READ | (writes ? PROT_WRITE : 0), MAP_SHARED | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) hpcraft_fail(name);
    close(fd);
    return (char *)at;
}

/* Tells which memory the program must not have touched; its word is for people and decides nothing. */
static void hpcraft_fault(int number, siginfo_t *info, void *context) {
    char *at = (char *)info->si_addr;
    volatile hpcraft_words *words = (volatile hpcraft_words *)hpcraft_call;
    (void)context;
    words->fault_kind = HPCRAFT_ELSEWHERE, words->fault_at = (uint64_t)(uintptr_t)at;
    if (at >= hpcraft_const && at < hpcraft_const + hpcraft_const_bytes)
        words->fault_kind = HPCRAFT_IN_CONST, words->fault_at = (uint64_t)(at - hpcraft_const);
    else if (at >= hpcraft_call && at < hpcraft_call + hpcraft_call_bytes)
        words->fault_kind = HPCRAFT_IN_CALL, words->fault_at = (uint64_t)(at - hpcraft_call);
    signal(number, SIG_DFL); /* and come again */
}

/* Unless a sanitizer or the emulation of a device has handlers of its own. */
static void hpcraft_watch(int number) {
    struct sigaction ours, theirs;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = hpcraft_fault, ours.sa_flags = SA_SIGINFO;
    if (sigaction(number, NULL, &theirs) == 0 && theirs.sa_handler == SIG_DFL) sigaction(number, &ours, NULL);
}

static uint64_t hpcraft_word(int number) {
    uint64_t word;
    memcpy(&word, hpcraft_call + HPCRAFT_PAGE + 16 + 8 * number, sizeof word);
    return word;
}

/* Takes the page beside an array away, or gives it back. */
static void hpcraft_fence(char *array, size_t bytes, int access) {
    char *page = bytes % HPCRAFT_ALIGNMENT ? array - HPCRAFT_PAGE : array + bytes;
    if (mprotect(page, HPCRAFT_PAGE, access)) hpcraft_fail("a fence");
}

/* An array before its call, and after it; `of` is the number of parameters. */
static void *hpcraft_array(int number, int of, size_t item_bytes, int is_const, int after) {
    char *array = (is_const ? hpcraft_const : hpcraft_call + HPCRAFT_PAGE) + hpcraft_word(number);
    uint32_t fenced;
    memcpy(&fenced, hpcraft_call + HPCRAFT_PAGE + 4, sizeof fenced);
    if (fenced) hpcraft_fence(array, item_bytes * hpcraft_word(of + number), !after ? PROT_NONE : is_const ? PROT_READ : PROT_READ | PROT_WRITE);
    return array;
}

/* Generated: takes the arguments of function number `function` and calls it. */
static void hpcraft_dispatch(uint32_t function);

static void hpcraft_serve(void) {
    hpcraft_words *words = (hpcraft_words *)hpcraft_call;
    for (uint32_t turn = 0, next;; turn = next) {
        uint32_t function;
        __atomic_store_n(&words->done, turn + 1, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &words->done, FUTEX_WAKE, 1, NULL, NULL, 0);
        while ((next = __atomic_load_n(&words->go, __ATOMIC_SEQ_CST)) == turn) syscall(SYS_futex, &words->go, FUTEX_WAIT, turn, NULL, NULL, 0);
        if (next == HPCRAFT_LEAVE) return;
        memcpy(&function, hpcraft_call + HPCRAFT_PAGE, sizeof function);
        hpcraft_litter();
        hpcraft_dispatch(function);
    }
}

static void hpcraft_open(int rank) {
    char name[32];
    snprintf(name, sizeof name, ".call-%d", rank);
    hpcraft_call = hpcraft_map(name, 1, &hpcraft_call_bytes);
    hpcraft_const = hpcraft_map(".const", 0, &hpcraft_const_bytes);
    hpcraft_watch(SIGSEGV), hpcraft_watch(SIGBUS);
}

int main(int argc, char **argv) {
    int rank = 0;
#ifdef HPCRAFT_MPI
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
#endif
#ifdef HPCRAFT_KOKKOS
    Kokkos::initialize(argc, argv);
#endif
    (void)argc, (void)argv;
    hpcraft_open(rank);
    hpcraft_serve();
#ifdef HPCRAFT_KOKKOS
    Kokkos::finalize();
#endif
#ifdef HPCRAFT_MPI
    MPI_Finalize();
#endif
    return 0;
}
