long count_above(int n, const int *x, int limit) {
    long count = 0;
    for (int i = 0; i < n; i++)
        if (x[i] > limit) count++;
    return count;
}
