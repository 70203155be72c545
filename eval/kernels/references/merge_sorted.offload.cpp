#pragma omp declare target
/* Number of elements for which `comes_before` holds; they stand at the beginning. */
template <typename Predicate>
static int count_leading(int n, Predicate comes_before) {
    int begin = 0, end = n;
    while (begin != end) {
        const int middle = begin + (end - begin) / 2;
        if (comes_before(middle))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}
#pragma omp end declare target

extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const int total = m + n;
#pragma omp target teams distribute parallel for map(to : a[0:m], b[0:n]) map(from : c[0:total], source[0:total])
    for (int e = 0; e < total; ++e) {
        const bool from_a = e < m;
        const double value = from_a ? a[e] : b[e - m];
        const int others = from_a ? count_leading(n, [&](int j) { return b[j] < value; })
                                  : count_leading(m, [&](int i) { return a[i] <= value; });
        const int place = (from_a ? e : e - m) + others;
        c[place] = value;
        source[place] = e;
    }
}
