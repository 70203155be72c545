namespace {

#pragma acc routine seq
bool contains(const int *list, int length, int value) {
    int low = 0, high = length;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (list[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < length && list[low] == value;
}

}  // namespace

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    const int entries = row_ptr[n];
    long count = 0;
#pragma acc parallel loop gang copyin(row_ptr[0 : n + 1], col[0 : entries]) copy(count) reduction(+ : count)
    for (int u = 0; u < n; ++u) {
#pragma acc loop vector reduction(+ : count)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; ++e) {
            const int v = col[e];
            for (int f = e + 1; u < v && f < row_ptr[u + 1]; ++f)
                if (contains(col + row_ptr[v], row_ptr[v + 1] - row_ptr[v], col[f])) ++count;
        }
    }
    return count;
}
