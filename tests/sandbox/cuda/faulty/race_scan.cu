// fault: kind=race check=race line=12 other=12 kernel=scan
// One barrier per step isn't enough for a scan in place: a write may come before a neighbour's read.
#include <cstdio>

__global__ void scan(int *v)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = v[t];
    for (int d = 1; d < 128; d *= 2) {
        __syncthreads();
        if (t >= d) s[t] += s[t - d];
    }
    v[t] = s[t];
}

int main()
{
    int h[128], *d;
    for (int i = 0; i < 128; i++) h[i] = 1;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    scan<<<1, 128>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[127]);
    cudaFree(d);
}
