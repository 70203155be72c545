int find_first(int n, const float *x, float threshold) {
    int first = n;
#pragma omp target teams distribute parallel for map(to : x[0 : n]) map(tofrom : first) reduction(min : first)
    for (int i = 0; i < n; i++)
        if (x[i] > threshold) first = i < first ? i : first;
    return first < n ? first : -1;
}
