// Atomics of the block's and the system's scope, and 64-bit and 16-bit ones.
#include <cstdio>

__global__ void scoped(int *per_block, unsigned long long *all, int *low, unsigned short *small)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd_block(&per_block[blockIdx.x], 1);
    atomicMax_block(&per_block[gridDim.x + blockIdx.x], i);
    atomicAdd_system(all, (unsigned long long)i);
    atomicMin_system(low, -i);
    unsigned short old = 0, assumed;
    do {
        assumed = old;
        old = atomicCAS(small, assumed, (unsigned short)(assumed + 1));
    } while (old != assumed);
    if (threadIdx.x == 0) atomicExch_block(&per_block[2 * gridDim.x + blockIdx.x], 77);
    atomicOr_block(&per_block[3 * gridDim.x + blockIdx.x], 1 << (threadIdx.x % 8));
}

int main()
{
    const int blocks = 5, threads = 48;
    int h[4 * blocks], *d, *low;
    unsigned long long *all;
    unsigned short *small, s;
    cudaMalloc(&d, sizeof h), cudaMalloc(&small, sizeof s);
    cudaMemset(d, 0, sizeof h), cudaMemset(small, 0, sizeof s);
    cudaMallocManaged(&all, sizeof *all), cudaMallocManaged(&low, sizeof *low);
    *all = 0;
    *low = 0;
    scoped<<<blocks, threads>>>(d, all, low, small);
    cudaDeviceSynchronize();
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    cudaMemcpy(&s, small, sizeof s, cudaMemcpyDeviceToHost);
    bool good = *all == 239ull * 240 / 2 && *low == -239 && s == blocks * threads;
    for (int b = 0; b < blocks; b++) good = good && h[b] == threads && h[blocks + b] == (b + 1) * threads - 1 && h[2 * blocks + b] == 77 && h[3 * blocks + b] == 255;
    printf("%s atomics_scope %llu %d\n", good ? "ok" : "FAILED", *all, *low);
    cudaFree(d), cudaFree(small), cudaFree(all), cudaFree(low);
    return !good;
}
