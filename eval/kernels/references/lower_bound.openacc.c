#pragma acc routine seq
static int insertion_point(const long *sorted, int n, long key) {
    int begin = 0, end = n;
    while (begin != end) {
        const int middle = begin + (end - begin) / 2;
        if (sorted[middle] < key)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
#pragma acc parallel loop gang vector copyin(sorted[0 : n], keys[0 : m]) copyout(position[0 : m])
    for (int j = 0; j < m; j++) position[j] = insertion_point(sorted, n, keys[j]);
}
