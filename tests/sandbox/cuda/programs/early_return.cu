// Threads beyond the end return before a barrier, as devices allow.
#include <cstdio>

__global__ void reverse(const int *v, int *o, int n)
{
    __shared__ int s[64];
    int i = blockIdx.x * 64 + threadIdx.x;
    if (i >= n) return;
    s[threadIdx.x] = v[i];
    __syncthreads();
    int c = min(64, n - blockIdx.x * 64);
    o[i] = s[c - 1 - threadIdx.x];
}

int main()
{
    int h[100], *v, *o;
    for (int i = 0; i < 100; ++i) h[i] = i;
    cudaMalloc(&v, 400);
    cudaMalloc(&o, 400);
    cudaMemcpy(v, h, 400, cudaMemcpyHostToDevice);
    reverse<<<2, 64>>>(v, o, 100);
    cudaMemcpy(h, o, 400, cudaMemcpyDeviceToHost);
    printf("%s\n", h[0] == 63 && h[64] == 99 ? "ok early return" : "WRONG");
}
