long count_above(int n, const int *x, int limit) {
    long count = 0;
#pragma omp target data map(to : x[0:n])
    {
#pragma omp target teams distribute parallel for reduction(+ : count) map(tofrom : count)
        for (int i = 0; i < n; i++) {
            if (x[i] > limit) count++;
        }
    }
    return count;
}
