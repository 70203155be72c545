int argmax(int n, const float *x) {
    if (n == 0) return -1;
    float largest = x[0];
    int first = n;
#pragma omp target data map(to : x[0:n])
    {
#pragma omp target teams distribute parallel for reduction(max : largest) map(tofrom : largest)
        for (int i = 0; i < n; i++)
            if (x[i] > largest) largest = x[i];
#pragma omp target teams distribute parallel for reduction(min : first) map(tofrom : first) map(to : largest)
        for (int i = 0; i < n; i++)
            if (x[i] == largest && i < first) first = i;
    }
    return first;
}
