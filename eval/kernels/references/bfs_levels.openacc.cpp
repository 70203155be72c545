#include <vector>

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    const int edges = row_ptr[n];
    std::vector<char> buffer(n);
    char *active = buffer.data();
#pragma acc data copyin(row_ptr[0 : n + 1], col[0 : edges]) copyout(level[0 : n]) create(active[0 : n])
    {
#pragma acc parallel loop
        for (int v = 0; v < n; ++v) level[v] = v == source ? 0 : -1;
        int changed = 1;
        for (int depth = 0; changed; ++depth) {
#pragma acc parallel loop
            for (int v = 0; v < n; ++v) active[v] = 0;
#pragma acc parallel loop
            for (int v = 0; v < n; ++v) {
                if (level[v] != depth) continue;
#pragma acc loop seq
                for (int e = row_ptr[v]; e < row_ptr[v + 1]; ++e) {
#pragma acc atomic write
                    active[col[e]] = 1;
                }
            }
            changed = 0;
#pragma acc parallel loop reduction(max : changed) copy(changed)
            for (int v = 0; v < n; ++v)
                if (active[v] && level[v] < 0) {
                    level[v] = depth + 1;
                    changed = 1;
                }
        }
    }
}
