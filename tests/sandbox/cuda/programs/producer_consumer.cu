// Pairs of blocks, one of which fills what the other one reads.
#include <cstdio>

__global__ void stage(int *ready, float *data, float *o, int n)
{
    int pair = blockIdx.x / 2, t = threadIdx.x;
    float *d = data + pair * n;
    if (blockIdx.x % 2 == 0) {
        for (int i = t; i < n; i += blockDim.x) d[i] = pair + i;
        __threadfence();
        __syncthreads();
        if (t == 0) atomicExch(&ready[pair], 1);
    } else {
        if (t == 0)
            while (atomicAdd(&ready[pair], 0) == 0) __nanosleep(50);
        __syncthreads();
        __threadfence();
        for (int i = t; i < n; i += blockDim.x) o[pair * n + i] = 2 * d[i];
    }
}

int main()
{
    const int n = 256;
    int *r;
    float *d, *o;
    static float h[4 * n];
    cudaMalloc(&r, 16);
    cudaMemset(r, 0, 16);
    cudaMalloc(&d, sizeof h);
    cudaMalloc(&o, sizeof h);
    stage<<<8, 64>>>(r, d, o, n);
    cudaMemcpy(h, o, sizeof h, cudaMemcpyDeviceToHost);
    printf("%s\n", h[3 * n + 5] == 16 ? "ok producer consumer" : "WRONG");
}
