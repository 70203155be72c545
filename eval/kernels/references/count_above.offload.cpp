extern "C" long count_above(int n, const int *x, int limit) {
    long found = 0;
#pragma omp target teams distribute parallel for simd reduction(+ : found) map(to : x[0:n]) map(tofrom : found)
    for (int i = 0; i < n; ++i) found += x[i] > limit ? 1 : 0;
    return found;
}
