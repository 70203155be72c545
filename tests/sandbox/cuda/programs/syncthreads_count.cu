// The barriers that also reduce: __syncthreads_count, __syncthreads_and, __syncthreads_or.
#include <cstdio>
#include <cstring>

__global__ void collect(const int *v, int *counts, int *all, int *any, int *compact)
{
    __shared__ int kept[128];
    __shared__ int used;
    const int t = threadIdx.x, x = v[blockIdx.x * blockDim.x + t];
    const int even = __syncthreads_count(x % 2 == 0);
    const int positive = __syncthreads_and(x > 0);
    const int big = __syncthreads_or(x > 95);
    if (t == 0) {
        counts[blockIdx.x] = even;
        all[blockIdx.x] = positive != 0;
        any[blockIdx.x] = big != 0;
        used = 0;
    }
    __syncthreads();
    if (x % 2 == 0) kept[atomicAdd(&used, 1)] = x;
    __syncthreads();
    if (t == 0) {
        int sum = 0;
        for (int i = 0; i < even; i++) sum += kept[i];
        compact[blockIdx.x] = sum;
    }
}

int main()
{
    const int blocks = 6, threads = 128, n = blocks * threads;
    int v[n], result[4][blocks], *dv, *dr;
    for (int i = 0; i < n; i++) v[i] = (i * 37 + i / 128) % 97 - (i / 256 == 1);
    cudaMalloc(&dv, sizeof v);
    cudaMalloc(&dr, sizeof result);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    collect<<<blocks, threads>>>(dv, dr, dr + blocks, dr + 2 * blocks, dr + 3 * blocks);
    cudaMemcpy(result, dr, sizeof result, cudaMemcpyDeviceToHost);
    for (int b = 0; b < blocks; b++) {
        int count = 0, all = 1, any = 0, sum = 0;
        for (int t = 0; t < threads; t++) {
            int x = v[b * threads + t];
            if (x % 2 == 0) count++, sum += x;
            all &= x > 0;
            any |= x > 95;
        }
        if (result[0][b] != count || result[1][b] != all || result[2][b] != any || result[3][b] != sum) return printf("block %d differs\n", b), 1;
    }
    cudaFree(dv);
    cudaFree(dr);
    printf("ok syncthreads_count %d %d\n", result[0][0], result[3][5]);
    return 0;
}
