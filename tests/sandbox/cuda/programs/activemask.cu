// __activemask and __syncwarp: results that hold for any mask the hardware may give.
#include <cstdio>

__device__ int count_by_leader(int *counter)
{
    unsigned active = __activemask();
    int lane = threadIdx.x % 32, leader = __ffs(active) - 1, base = 0;
    if (lane == leader) base = atomicAdd(counter, __popc(active));
    base = __shfl_sync(active, base, leader);
    return base + __popc(active & ((1u << lane) - 1));
}

__global__ void tickets(int *counter, int *taken, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i % 3 != 0) taken[count_by_leader(counter)] = i;
}

__global__ void exchange(int *out)
{
    __shared__ int slot[64];
    int t = threadIdx.x, lane = t % 32;
    slot[t] = t * t;
    __syncwarp();
    int v = slot[(t & ~31) | (lane ^ 1)];
    __syncwarp();
    slot[t] = v + 1;
    __syncwarp(0xffffffff);
    out[t] = slot[(t & ~31) | (31 - lane)];
}

int main()
{
    const int n = 300;
    int *counter, *taken, *dout, h[n], got = 0, out[64];
    bool seen[n] = {};
    cudaMalloc(&counter, sizeof(int));
    cudaMalloc(&taken, sizeof h);
    cudaMalloc(&dout, sizeof out);
    cudaMemset(counter, 0, sizeof(int));
    cudaMemset(taken, 0, sizeof h);
    tickets<<<5, 64>>>(counter, taken, n);
    exchange<<<1, 64>>>(dout);
    cudaMemcpy(&got, counter, sizeof got, cudaMemcpyDeviceToHost);
    cudaMemcpy(h, taken, sizeof h, cudaMemcpyDeviceToHost);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    bool good = got == 200;
    for (int k = 0; k < got && good; k++) {
        good = h[k] % 3 != 0 && !seen[h[k]];
        seen[h[k]] = true;
    }
    for (int t = 0; t < 64; t++) {
        int o = (t & ~31) | ((31 - t % 32) ^ 1);
        good = good && out[t] == o * o + 1;
    }
    cudaFree(counter), cudaFree(taken), cudaFree(dout);
    printf("%s activemask %d\n", good ? "ok" : "FAILED", got);
    return !good;
}
