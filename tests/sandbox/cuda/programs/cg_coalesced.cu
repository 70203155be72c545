// Cooperative groups: coalesced threads aggregate an atomic in a divergent branch.
#include <cooperative_groups.h>
#include <stdio.h>

using namespace cooperative_groups;

__device__ int atomicAggInc(int *counter)
{
    coalesced_group g = coalesced_threads();
    int first = 0;
    if (g.thread_rank() == 0) first = atomicAdd(counter, g.size());
    return g.shfl(first, 0) + g.thread_rank();
}

__global__ void filter(int *dst, int *counter, const int *src, int n)
{
    for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < n; i += gridDim.x * blockDim.x)
        if (src[i] > 0) dst[atomicAggInc(counter)] = src[i];
}

int main()
{
    enum { N = 1500 };
    static int src[N], dst[N];
    long want = 0, got = 0;
    int positive = 0, counter;
    for (int i = 0; i < N; i++) {
        src[i] = (i * 271 % 509) - 250;
        if (src[i] > 0) positive++, want += src[i];
    }
    int *d_src, *d_dst, *d_counter;
    cudaMalloc(&d_src, sizeof(src));
    cudaMalloc(&d_dst, sizeof(dst));
    cudaMalloc(&d_counter, sizeof(int));
    cudaMemset(d_counter, 0, sizeof(int));
    cudaMemcpy(d_src, src, sizeof(src), cudaMemcpyHostToDevice);
    filter<<<4, 128>>>(d_dst, d_counter, d_src, N);
    cudaMemcpy(&counter, d_counter, sizeof(int), cudaMemcpyDeviceToHost);
    if (counter != positive) return printf("%d kept, not %d\n", counter, positive), 1;
    cudaMemcpy(dst, d_dst, sizeof(int) * counter, cudaMemcpyDeviceToHost);
    for (int i = 0; i < counter; i++) got += dst[i];
    cudaFree(d_src);
    cudaFree(d_dst);
    cudaFree(d_counter);
    printf("%s cg_coalesced %d %ld\n", got == want ? "ok" : "FAILED", counter, got);
    return got != want;
}
