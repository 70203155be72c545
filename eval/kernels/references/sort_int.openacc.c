#include <stdlib.h>

/* Rank sort: every element counts those that come before it, and goes there. */
void sort_int(int n, int *x) {
    int *sorted = malloc((n + 1) * sizeof(int));
#pragma acc data copy(x[0:n]) create(sorted[0:n])
    {
#pragma acc parallel loop gang
        for (int i = 0; i < n; i++) {
            const int value = x[i];
            int before = 0;
#pragma acc loop vector reduction(+ : before)
            for (int j = 0; j < n; j++) before += x[j] < value || (x[j] == value && j < i);
            sorted[before] = value;
        }
#pragma acc parallel loop
        for (int i = 0; i < n; i++) x[i] = sorted[i];
    }
    free(sorted);
}
