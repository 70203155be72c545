// Cooperative groups: the block, tiles of several sizes, their ranks, shuffles, votes and nested partitions.
#include <cooperative_groups.h>
#include <cstdio>

namespace cg = cooperative_groups;

template <typename Group>
__device__ int tile_sum(Group g, int v)
{
    for (int i = g.size() / 2; i > 0; i /= 2) v += g.shfl_down(v, i);
    return g.shfl(v, 0);
}

__device__ int block_sum(cg::thread_group g, int *scratch, int v)
{
    int lane = g.thread_rank();
    for (int i = g.size() / 2; i > 0; i /= 2) {
        scratch[lane] = v;
        g.sync();
        if (lane < i) v += scratch[lane + i];
        g.sync();
    }
    return v;
}

__global__ void tiles(const int *in, int *out8, int *out32, int *total, int *ranks)
{
    __shared__ int scratch[128];
    cg::thread_block block = cg::this_thread_block();
    const int i = block.group_index().x * block.size() + block.thread_rank();
    cg::thread_block_tile<32> warp = cg::tiled_partition<32>(block);
    cg::thread_block_tile<8> eight = cg::tiled_partition<8>(warp);
    out32[i] = tile_sum(warp, in[i]);
    out8[i] = tile_sum(eight, in[i]);
    auto four = cg::tiled_partition<4>(block);
    int any = four.any(in[i] > 60), all = four.all(in[i] > 2);
    unsigned ballot = four.ballot(in[i] & 1);
    ranks[i] = four.meta_group_rank() * 1000 + four.thread_rank() * 100 + (any != 0) * 40 + (all != 0) * 20 + __popc(ballot) + four.meta_group_size() * 10000;
    int sum = block_sum(block, scratch, in[i]);
    if (block.thread_rank() == 0) total[blockIdx.x] = sum;
    cg::sync(block);
}

int main()
{
    const int blocks = 3, threads = 128, n = blocks * threads;
    int in[n], out[3][n], total[blocks], *din, *d8, *d32, *dt, *dr;
    for (int i = 0; i < n; i++) in[i] = i * 29 % 71;
    cudaMalloc(&din, sizeof in), cudaMalloc(&d8, sizeof in), cudaMalloc(&d32, sizeof in), cudaMalloc(&dt, sizeof total), cudaMalloc(&dr, sizeof in);
    cudaMemcpy(din, in, sizeof in, cudaMemcpyHostToDevice);
    tiles<<<blocks, threads>>>(din, d8, d32, dt, dr);
    cudaMemcpy(out[0], d8, sizeof in, cudaMemcpyDeviceToHost);
    cudaMemcpy(out[1], d32, sizeof in, cudaMemcpyDeviceToHost);
    cudaMemcpy(out[2], dr, sizeof in, cudaMemcpyDeviceToHost);
    cudaMemcpy(total, dt, sizeof total, cudaMemcpyDeviceToHost);
    auto sum = [&](int i, int size) {
        int s = 0;
        for (int k = i / size * size; k < i / size * size + size; k++) s += in[k];
        return s;
    };
    for (int i = 0; i < n; i++) {
        int any = 0, all = 1, odd = 0;
        for (int k = i / 4 * 4; k < i / 4 * 4 + 4; k++) any |= in[k] > 60, all &= in[k] > 2, odd += in[k] & 1;
        int rank = i % threads / 4 * 1000 + i % 4 * 100 + any * 40 + all * 20 + odd + 32 * 10000;
        if (out[0][i] != sum(i, 8) || out[1][i] != sum(i, 32) || out[2][i] != rank) return printf("thread %d: %d %d %d, not %d\n", i, out[0][i], out[1][i], out[2][i], rank), 1;
    }
    for (int b = 0; b < blocks; b++)
        if (total[b] != sum(b * threads, threads)) return 2;
    cudaFree(din), cudaFree(d8), cudaFree(d32), cudaFree(dt), cudaFree(dr);
    printf("ok cg_tiles %d\n", total[1]);
    return 0;
}
