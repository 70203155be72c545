#include <stdlib.h>

/* Runs of double length in each pass: every element finds its place in the merged run by itself, which is its own
   position in its half and the number of elements of the other half that come before it. */
void sort_int(int n, int *x) {
    int *y = malloc((n + 1) * sizeof(int));
#pragma omp target data map(tofrom : x[0:n]) map(alloc : y[0:n])
    for (int width = 1; width < n; width *= 2) {
#pragma omp target teams distribute parallel for firstprivate(width)
        for (int i = 0; i < n; i++) {
            const int start = i - i % (2 * width), value = x[i];
            const int middle = start + width < n ? start + width : n, end = middle + width < n ? middle + width : n;
            const int in_left = i < middle, other = in_left ? middle : start;
            int lo = other, hi = in_left ? end : middle;
            while (lo < hi) {
                const int mid = lo + (hi - lo) / 2;
                if (x[mid] < value || (x[mid] == value && !in_left))
                    lo = mid + 1;
                else
                    hi = mid;
            }
            y[i - (in_left ? 0 : middle - start) + (lo - other)] = value;
        }
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) x[i] = y[i];
    }
    free(y);
}
