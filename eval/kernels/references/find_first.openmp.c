#include <limits.h>

int find_first(int n, const float *x, float threshold) {
    int first = INT_MAX;
#pragma omp parallel for reduction(min : first)
    for (int i = 0; i < n; i++)
        if (i < first && x[i] > threshold) first = i;
    return first == INT_MAX ? -1 : first;
}
