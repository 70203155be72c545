// Cooperative groups: reduce with functors over tiles, blocks that combine by atomics.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cstdio>

namespace cg = cooperative_groups;

__global__ void statistics(const int *v, int n, int *sum, int *low, int *high, unsigned *bits)
{
    cg::thread_block block = cg::this_thread_block();
    auto tile = cg::tiled_partition<32>(block);
    int s = 0, l = 1 << 30, h = -(1 << 30);
    unsigned b = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        s += v[i];
        l = min(l, v[i]);
        h = max(h, v[i]);
        b |= 1u << (v[i] & 31);
    }
    s = cg::reduce(tile, s, cg::plus<int>());
    l = cg::reduce(tile, l, cg::less<int>());
    h = cg::reduce(tile, h, cg::greater<int>());
    b = cg::reduce(tile, b, cg::bit_or<unsigned>());
    if (tile.thread_rank() == 0) {
        atomicAdd(sum, s);
        atomicMin(low, l);
        atomicMax(high, h);
        atomicOr(bits, b);
    }
}

int main()
{
    const int n = 2000;
    int v[n], want[3] = {0, 1 << 30, -(1 << 30)}, got[4] = {0, 1 << 30, -(1 << 30), 0}, *dv, *dr;
    unsigned bits = 0;
    for (int i = 0; i < n; i++) {
        v[i] = (i * 733) % 1999 - 700;
        want[0] += v[i];
        want[1] = v[i] < want[1] ? v[i] : want[1];
        want[2] = v[i] > want[2] ? v[i] : want[2];
        bits |= 1u << (v[i] & 31);
    }
    cudaMalloc(&dv, sizeof v);
    cudaMalloc(&dr, sizeof got);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    cudaMemcpy(dr, got, sizeof got, cudaMemcpyHostToDevice);
    statistics<<<3, 96>>>(dv, n, dr, dr + 1, dr + 2, (unsigned *)(dr + 3));
    cudaMemcpy(got, dr, sizeof got, cudaMemcpyDeviceToHost);
    bool good = got[0] == want[0] && got[1] == want[1] && got[2] == want[2] && (unsigned)got[3] == bits;
    cudaFree(dv);
    cudaFree(dr);
    printf("%s cg_reduce %d %d %d\n", good ? "ok" : "FAILED", got[0], got[1], got[2]);
    return good ? 0 : 1;
}
