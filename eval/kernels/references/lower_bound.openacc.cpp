namespace {

#pragma acc routine seq
int lower(const long *first, int length, long key) {
    const long *at = first;
    while (length > 0) {
        const int step = length / 2;
        if (at[step] < key) {
            at += step + 1;
            length -= step + 1;
        } else {
            length = step;
        }
    }
    return static_cast<int>(at - first);
}

}  // namespace

extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
#pragma acc parallel loop copyin(sorted[0 : n], keys[0 : m]) copyout(position[0 : m])
    for (int j = 0; j < m; ++j) position[j] = lower(sorted, n, keys[j]);
}
