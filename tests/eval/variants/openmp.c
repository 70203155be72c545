//// combined
$HEAD {
#pragma omp parallel for
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// two-constructs
$HEAD {
#pragma omp parallel
    {
#pragma omp for
        for (int i = 0; i < $ROWS; i++) { $BODY }
    }
}
//// stacked-lines
$HEAD {
#pragma omp parallel
#pragma omp for schedule(static)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// dynamic
$HEAD {
#pragma omp parallel for schedule(dynamic, 16)
    for (int i = 0; i < $ROWS; ++i) { $BODY }
}
//// guided-nowait
$HEAD {
#pragma omp parallel
    {
#pragma omp for schedule(guided, 4) nowait
        for (int i = 0; i < $ROWS; i++) { $BODY }
    }
}
//// runtime-schedule
$HEAD {
#pragma omp parallel for schedule(runtime) default(shared)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// backwards
$HEAD {
#pragma omp parallel for
    for (int i = $ROWS - 1; i >= 0; i--) { $BODY }
}
//// not-equal-by-two-lines
$HEAD {
    /* "#pragma omp parallel for" stands below; this comment names fork() and asm("") */
#pragma omp parallel for \
    schedule(static, 8)
    for (int i = 0; i < $ROWS; i += 1) { $BODY }
}
//// simd
$HEAD {
#pragma omp parallel for simd
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// by-hand-blocks
$HEAD {
#pragma omp parallel
    {
        const int threads = omp_get_num_threads(), thread = omp_get_thread_num();
        const int lo = (int)((long long)$ROWS * thread / threads), hi = (int)((long long)$ROWS * (thread + 1) / threads);
        for (int i = lo; i < hi; i++) { $BODY }
    }
}
//// by-hand-cyclic
$HEAD {
#pragma omp parallel
    for (int i = omp_get_thread_num(); i < $ROWS; i += omp_get_num_threads()) { $BODY }
}
//// by-hand-with-continue
$HEAD {
#pragma omp parallel
    {
        int me = omp_get_thread_num(), all = omp_get_num_threads();
        for (int i = 0; i < $ROWS; i++) {
            if (i % all != me) continue;
            $BODY
        }
    }
}
//// by-hand-in-a-structure
typedef struct { int from, to; } range_t;
static range_t range_of(int rows, int part, int parts) {
    range_t r;
    r.from = (int)((long long)rows * part / parts);
    r.to = (int)((long long)rows * (part + 1) / parts);
    return r;
}
$HEAD {
#pragma omp parallel
    {
        range_t mine = range_of($ROWS, omp_get_thread_num(), omp_get_num_threads());
        for (int i = mine.from; i < mine.to; i++) { $BODY }
    }
}
//// shared-counter
$HEAD {
    int next = 0;
#pragma omp parallel
    for (;;) {
        int i;
#pragma omp atomic capture
        i = next++;
        if (i >= $ROWS) break;
        $BODY
    }
}
//// shared-counter-critical
$HEAD {
    int next = 0;
#pragma omp parallel
    {
        int from = 0;
        while (from < $ROWS) {
#pragma omp critical
            {
                from = next;
                next += 32;
            }
            for (int i = from; i < from + 32 && i < $ROWS; i++) { $BODY }
        }
    }
}
//// tasks
$HEAD {
#pragma omp parallel
#pragma omp single
    for (int from = 0; from < $ROWS; from += 64)
#pragma omp task firstprivate(from)
    {
        const int to = from + 64 < $ROWS ? from + 64 : $ROWS;
        for (int i = from; i < to; i++) { $BODY }
    }
}
//// tasks-with-depend
$HEAD {
    char done[64];
#pragma omp parallel
#pragma omp master
    {
        for (int part = 0; part < 64; part++) {
#pragma omp task depend(out : done[part]) firstprivate(part)
            for (int i = (int)((long long)$ROWS * part / 64); i < (int)((long long)$ROWS * (part + 1) / 64); i++) { $BODY }
        }
#pragma omp taskwait
    }
    (void)done;
}
//// two-tasks
$HEAD {
#pragma omp parallel
#pragma omp single
    {
#pragma omp task
        for (int i = 0; i < $ROWS / 2; i++) { $BODY }
#pragma omp task
        for (int i = $ROWS / 2; i < $ROWS; i++) { $BODY }
    }
}
//// recursive-tasks
static void part(int from, int to, $PARAMETERS) {
    if (to - from <= 16) {
        for (int i = from; i < to; i++) { $BODY }
        return;
    }
    int middle = from + (to - from) / 2;
#pragma omp task
    part(from, middle, $ARGUMENTS);
    part(middle, to, $ARGUMENTS);
#pragma omp taskwait
}
$HEAD {
#pragma omp parallel
#pragma omp single nowait
    part(0, $ROWS, $ARGUMENTS);
}
//// taskloop
$HEAD {
#pragma omp parallel
#pragma omp single
#pragma omp taskloop grainsize(8)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// taskloop-in-masked-by-if
$HEAD {
#pragma omp parallel if ($ROWS > 4)
    {
#pragma omp master
        {
#pragma omp taskloop num_tasks(7)
            for (int i = 0; i < $ROWS; i++) { $BODY }
        }
    }
}
//// sections
$HEAD {
    const int half = $ROWS / 2;
#pragma omp parallel sections
    {
#pragma omp section
        {
            for (int i = 0; i < half; i++) { $BODY }
        }
#pragma omp section
        {
            for (int i = half; i < $ROWS; i++) { $BODY }
        }
    }
}
//// sections-first-unmarked
static void rows(int from, int to, $PARAMETERS) {
    for (int i = from; i < to; i++) { $BODY }
}
$HEAD {
    const int third = $ROWS / 3;
#pragma omp parallel
    {
#pragma omp sections
        {
            rows(0, third, $ARGUMENTS);
#pragma omp section
            rows(third, 2 * third, $ARGUMENTS);
#pragma omp section
            rows(2 * third, $ROWS, $ARGUMENTS);
        }
    }
}
//// orphaned
static void work($PARAMETERS) {
#pragma omp for schedule(static, 4)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
$HEAD {
#pragma omp parallel
    work($ARGUMENTS);
}
//// helper-for-a-row
static inline void one(int i, $PARAMETERS) { $BODY }
$HEAD {
#pragma omp parallel for
    for (int i = 0; i < $ROWS; i++) one(i, $ARGUMENTS);
}
//// helper-not-static
void one_row_of_it(int i, $PARAMETERS) { $BODY }
$HEAD {
#pragma omp parallel for schedule(static)
    for (int i = 0; i < $ROWS; i++) one_row_of_it(i, $ARGUMENTS);
}
//// pragma-operator
$HEAD {
    _Pragma("omp parallel for")
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// macro-for-a-pragma
#define PARALLEL_FOR _Pragma("omp parallel for schedule(static)")
$HEAD {
    PARALLEL_FOR
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// macro-that-quotes
#define STRING(x) #x
#define OMP(x) _Pragma(STRING(omp x))
#define FOR(i, n) for (int i = 0; i < (n); i++)
$HEAD {
    OMP(parallel for schedule(dynamic, 8))
    FOR(i, $ROWS) { $BODY }
}
//// macro-for-the-loop
#define EACH_ROW(i, n) _Pragma("omp parallel for") for (int i = 0; i < (n); ++i)
$HEAD {
    EACH_ROW(i, $ROWS) { $BODY }
}
//// portable-conditionals
#ifdef _OPENMP
#include <omp.h>
#define MAX_THREADS omp_get_max_threads()
#else
#define MAX_THREADS 1
#endif
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
$HEAD {
    const int parts = MAX_THREADS;
#pragma omp parallel for
    for (int part = 0; part < parts; part++) {
        const int size = ($ROWS + parts - 1) / parts;
        for (int i = part * size; i < MIN((part + 1) * size, $ROWS); i++) { $BODY }
    }
}
//// compiler-hints
#if defined(__GNUC__) && !defined(__clang__)
#define IVDEP _Pragma("GCC ivdep")
#elif defined(__clang__)
#define IVDEP _Pragma("clang loop vectorize(enable)")
#else
#define IVDEP
#endif
#ifdef __cplusplus
#define RESTRICT __restrict__
#else
#define RESTRICT restrict
#endif
$HEAD {
#pragma omp parallel for
    for (int block = 0; block < $ROWS; block += 32) {
        IVDEP
        for (int i = block; i < (block + 32 < $ROWS ? block + 32 : $ROWS); i++) { $BODY }
    }
}
//// if-clause
$HEAD {
#pragma omp parallel for if ($ROWS > 100)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// small-sizes-serial
$HEAD {
    if ($ROWS <= 0) return;
    if ($ROWS < 32) {
        for (int i = 0; i < $ROWS; i++) { $BODY }
    } else {
#pragma omp parallel for
        for (int i = 0; i < $ROWS; i++) { $BODY }
    }
}
//// remainder-serial
$HEAD {
    const int whole = $ROWS - $ROWS % 4;
#pragma omp parallel for
    for (int block = 0; block < whole; block += 4) {
        for (int i = block; i < block + 4; i++) { $BODY }
    }
    for (int i = whole; i < $ROWS; i++) { $BODY }
}
//// all-threads-there-are
$HEAD {
    const int threads = omp_get_max_threads();
#pragma omp parallel for num_threads(threads) proc_bind(close)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// sets-what-it-has
$HEAD {
    omp_set_num_threads(omp_get_max_threads());
    omp_set_dynamic(0);
#pragma omp parallel for
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// fixed-number
$HEAD {
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// teams
$HEAD {
#pragma omp teams distribute parallel for
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// loop-construct
$HEAD {
#pragma omp parallel
#pragma omp loop bind(parallel)
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// collapsed-blocks
$HEAD {
    const int blocks = ($ROWS + 15) / 16;
#pragma omp parallel for collapse(2) schedule(static)
    for (int block = 0; block < blocks; block++)
        for (int in = 0; in < 16; in++) {
            const int i = 16 * block + in;
            if (i < $ROWS) { $BODY }
        }
}
//// nested
$HEAD {
    omp_set_max_active_levels(2);
#pragma omp parallel for num_threads(2)
    for (int half = 0; half < 2; half++) {
        const int from = half ? $ROWS / 2 : 0, to = half ? $ROWS : $ROWS / 2;
#pragma omp parallel for num_threads(2)
        for (int i = from; i < to; i++) { $BODY }
    }
}
//// counts-and-times
#include <stdio.h>
$HEAD {
    static const char note[] = "uses #pragma omp single; calls exit(0)";
    const double begin = omp_get_wtime();
    long done = 0;
#pragma omp parallel for reduction(+ : done)
    for (int i = 0; i < $ROWS; i++) {
        $BODY
        done++;
    }
    if (done < 0) fprintf(stderr, "%s %g\n", note, omp_get_wtime() - begin);
}
//// attributes-and-hints
__attribute__((hot, noinline)) static void __attribute__((flatten)) rows_between(int from, int to, $PARAMETERS) {
    for (int i = from; __builtin_expect(i < to, 1); i++) { $BODY }
}
$HEAD {
#pragma omp parallel
    {
        int size = ($ROWS + omp_get_num_threads() - 1) / omp_get_num_threads();
        int from = size * omp_get_thread_num();
        int to = from + size > $ROWS ? $ROWS : from + size;
        rows_between(from, to, $ARGUMENTS);
    }
}
//// function-pointer
typedef void (*row_t)(int, $PARAMETERS);
static void row(int i, $PARAMETERS) { $BODY }
static const row_t table[] = {row};
$HEAD {
#pragma omp parallel for
    for (int i = 0; i < $ROWS; i++) table[0](i, $ARGUMENTS);
}
//// gives-up-without-memory
$HEAD {
    int *order = malloc(($ROWS + 1) * sizeof *order);
    if (order == NULL) {
        fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
#pragma omp parallel
    {
#pragma omp for
        for (int t = 0; t < $ROWS; t++) order[t] = $ROWS - 1 - t;
#pragma omp for
        for (int t = 0; t < $ROWS; t++) {
            const int i = order[t];
            $BODY
        }
    }
    free(order);
}
//// lock
$HEAD {
    omp_lock_t lock;
    int next = 0;
    omp_init_lock(&lock);
#pragma omp parallel
    {
        int i;
        do {
            omp_set_lock(&lock);
            i = next++;
            omp_unset_lock(&lock);
            if (i < $ROWS) { $BODY }
        } while (i < $ROWS);
    }
    omp_destroy_lock(&lock);
}
