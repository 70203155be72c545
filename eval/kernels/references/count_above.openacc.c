long count_above(int n, const int *x, int limit) {
    long count = 0;
#pragma acc data copyin(x[0:n])
#pragma acc parallel loop reduction(+ : count)
    for (int i = 0; i < n; ++i) {
        count += (x[i] > limit);
    }
    return count;
}
