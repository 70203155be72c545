#include <string.h>

void histogram(int n, const int *x, int bins, int *counts) {
    memset(counts, 0, bins * sizeof(int));
    for (int i = 0; i < n; i++)
        if (x[i] >= 0 && x[i] < bins) counts[x[i]]++;
}
