#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void merge_halves(const int *x, int middle, int n, int *out) {
    int i = 0, j = middle;
    for (int k = 0; k < n; k++) out[k] = j >= n || (i < middle && x[i] <= x[j]) ? x[i++] : x[j++];
}

static void merge_sort(int *x, int *scratch, int n) {
    if (n <= 256) {
        qsort(x, n, sizeof(int), compare);
        return;
    }
    const int middle = n / 2;
#pragma omp task
    merge_sort(x, scratch, middle);
#pragma omp task
    merge_sort(x + middle, scratch + middle, n - middle);
#pragma omp taskwait
    merge_halves(x, middle, n, scratch);
    memcpy(x, scratch, n * sizeof(int));
}

void sort_int(int n, int *x) {
    int *scratch = malloc((n + 1) * sizeof(int));
#pragma omp parallel
#pragma omp single
    merge_sort(x, scratch, n);
    free(scratch);
}
