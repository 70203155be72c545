// The default stream waits for the others, and they for it.
#include <cstdio>

__global__ void set(int *v, int x)
{
    v[threadIdx.x] = x;
}

__global__ void add(int *v, int x)
{
    v[threadIdx.x] += x;
}

int main()
{
    int *v, h[32];
    cudaStream_t s, t;
    cudaStreamCreate(&s);
    cudaStreamCreate(&t);
    cudaMalloc(&v, 128);
    set<<<1, 32, 0, s>>>(v, 1);
    add<<<1, 32>>>(v, 2);
    add<<<1, 32, 0, t>>>(v, 3);
    cudaMemcpy(h, v, 128, cudaMemcpyDeviceToHost);
    printf("%s\n", h[3] == 6 ? "ok default stream" : "WRONG");
}
