// Connected components by hooking and pointer jumping, until nothing changes.
#include <cstdio>
#include <numeric>
#include <vector>

__global__ void hook(const int2 *edges, int m, int *parent, int *changed)
{
    int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= m) return;
    int a = atomicAdd(&parent[edges[e].x], 0), b = atomicAdd(&parent[edges[e].y], 0);
    if (a == b) return;
    int high = max(a, b), low = min(a, b);
    if (atomicMin(&parent[high], low) > low) atomicExch(changed, 1);
}

__global__ void jump(const int *parent, int *next, int n)
{
    int v = blockIdx.x * blockDim.x + threadIdx.x;
    if (v >= n) return;
    int p = parent[v];
    while (p != parent[p]) p = parent[p];
    next[v] = p;
}

static int find(std::vector<int> &p, int v) { return p[v] == v ? v : p[v] = find(p, p[v]); }

int main()
{
    const int n = 400;
    std::vector<int2> edges;
    for (int i = 0; i < n; i++) {
        if (i % 10 != 9) edges.push_back(make_int2(i, i + 1));
        if (i % 37 == 0) edges.push_back(make_int2((i * 3 + 50) % n, i));
    }
    std::vector<int> parent(n), want(n);
    std::iota(parent.begin(), parent.end(), 0);
    want = parent;
    for (int2 e : edges) {
        int a = find(want, e.x), b = find(want, e.y);
        want[a > b ? a : b] = a > b ? b : a;
    }
    int2 *d_edges;
    int *d_parent, *d_next, *d_changed, changed = 1, m = edges.size();
    cudaMalloc(&d_edges, m * sizeof(int2));
    cudaMalloc(&d_parent, n * sizeof(int));
    cudaMalloc(&d_next, n * sizeof(int));
    cudaMalloc(&d_changed, sizeof(int));
    cudaMemcpy(d_edges, edges.data(), m * sizeof(int2), cudaMemcpyHostToDevice);
    cudaMemcpy(d_parent, parent.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    while (changed) {
        cudaMemset(d_changed, 0, sizeof(int));
        hook<<<(m + 63) / 64, 64>>>(d_edges, m, d_parent, d_changed);
        jump<<<(n + 63) / 64, 64>>>(d_parent, d_next, n);
        std::swap(d_parent, d_next);
        cudaMemcpy(&changed, d_changed, sizeof(int), cudaMemcpyDeviceToHost);
    }
    cudaMemcpy(parent.data(), d_parent, n * sizeof(int), cudaMemcpyDeviceToHost);
    int components = 0;
    for (int v = 0; v < n; v++) {
        if (parent[v] != find(want, v)) return printf("vertex %d\n", v), 1;
        components += parent[v] == v;
    }
    cudaFree(d_edges), cudaFree(d_parent), cudaFree(d_next), cudaFree(d_changed);
    printf("ok connected_components %d\n", components);
    return 0;
}
