//// plain
$HEAD {
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// goto-and-while
$HEAD {
    int i = 0;
again:
    if (i < $ROWS) {
        $BODY
        i++;
        goto again;
    }
}
//// recursion
static void rows(int from, int to, $PARAMETERS) {
    if (to - from == 1) {
        const int i = from;
        $BODY
    } else if (to > from) {
        rows(from, (from + to) / 2, $ARGUMENTS);
        rows((from + to) / 2, to, $ARGUMENTS);
    }
}
$HEAD { rows(0, $ROWS, $ARGUMENTS); }
//// vector-hints
$HEAD {
#pragma GCC ivdep
#pragma omp simd
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// unroll
$HEAD {
#pragma GCC unroll 4
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// target-clones
__attribute__((target_clones("avx2", "default"))) static void rows(int count, $PARAMETERS) {
    for (int i = 0; i < count; i++) { $BODY }
}
$HEAD { rows($ROWS, $ARGUMENTS); }
//// old-habits
#define min(a, b) ((a) < (b) ? (a) : (b))
#define restrict __restrict__
static int calls;
int index_of_the_last_row = -1;
$HEAD {
    register int i;
    calls++;
    for (i = 0; i < min($ROWS, $ROWS); i++) { $BODY }
    index_of_the_last_row = $ROWS - 1;
    assert(calls > 0);
}
