// Breadth-first search by levels over a CSR graph, with a frontier queue that blocks append to by atomics.
#include <cstdio>
#include <queue>
#include <vector>

struct Graph {
    const int *offsets, *targets;
    int vertices;
};

__global__ void expand(Graph g, const int *frontier, int size, int *next, int *next_size, int *level, int depth)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    int v = frontier[i];
    for (int e = g.offsets[v]; e < g.offsets[v + 1]; e++) {
        int w = g.targets[e];
        if (atomicCAS(&level[w], -1, depth) == -1) next[atomicAdd(next_size, 1)] = w;
    }
}

int main()
{
    const int n = 600;
    std::vector<int> offsets(1, 0), targets, level(n, -1), want(n, -1);
    for (int v = 0; v < n; v++) {
        for (int k = 1; k <= 3; k++)
            if ((v * 7 + k * 13) % 5 != 0) targets.push_back((v * k + 17 * k) % n);
        offsets.push_back(targets.size());
    }
    std::queue<int> q;
    q.push(0);
    want[0] = 0;
    for (; !q.empty(); q.pop())
        for (int e = offsets[q.front()]; e < offsets[q.front() + 1]; e++)
            if (want[targets[e]] < 0) want[targets[e]] = want[q.front()] + 1, q.push(targets[e]);

    int *d_offsets, *d_targets, *d_level, *frontier, *next, *d_size;
    cudaMalloc(&d_offsets, offsets.size() * sizeof(int));
    cudaMalloc(&d_targets, targets.size() * sizeof(int));
    cudaMalloc(&d_level, n * sizeof(int));
    cudaMalloc(&frontier, n * sizeof(int));
    cudaMalloc(&next, n * sizeof(int));
    cudaMalloc(&d_size, sizeof(int));
    cudaMemcpy(d_offsets, offsets.data(), offsets.size() * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d_targets, targets.data(), targets.size() * sizeof(int), cudaMemcpyHostToDevice);
    level[0] = 0;
    cudaMemcpy(d_level, level.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(frontier, 0, sizeof(int));
    int size = 1, depth = 0;
    while (size > 0) {
        cudaMemset(d_size, 0, sizeof(int));
        expand<<<(size + 31) / 32, 32>>>({d_offsets, d_targets, n}, frontier, size, next, d_size, d_level, ++depth);
        cudaMemcpy(&size, d_size, sizeof(int), cudaMemcpyDeviceToHost);
        std::swap(frontier, next);
    }
    cudaMemcpy(level.data(), d_level, n * sizeof(int), cudaMemcpyDeviceToHost);
    int reached = 0;
    for (int l : level) reached += l >= 0;
    cudaFree(d_offsets), cudaFree(d_targets), cudaFree(d_level), cudaFree(frontier), cudaFree(next), cudaFree(d_size);
    if (level != want) return puts("FAILED"), 1;
    printf("ok bfs %d reached, %d levels\n", reached, depth - 1);
    return 0;
}
