/* Batcher's odd-even merge sort, whose network fits any n: each pass compares disjoint pairs at one distance. */
void sort_int(int n, int *x) {
    if (n < 2) return;
#pragma omp target data map(tofrom : x[0:n])
    for (int run = 1; run < n; run *= 2) {
        for (int distance = run; distance > 0; distance /= 2) {
            const int skipped = distance % run;
#pragma omp target teams distribute parallel for firstprivate(run, distance, skipped)
            for (int i = skipped; i < n - distance; i++) {
                const int j = i + distance;
                const int lower = (i - skipped) % (2 * distance) < distance;
                if (lower && i / (2 * run) == j / (2 * run) && x[i] > x[j]) {
                    const int larger = x[i];
                    x[i] = x[j];
                    x[j] = larger;
                }
            }
        }
    }
}
