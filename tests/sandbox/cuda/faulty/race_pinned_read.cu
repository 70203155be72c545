// fault: kind=race check=race line=18 other=19
// The host reads the target of an asynchronous copy before it has waited.
#include <cstdio>

__global__ void a(int *v)
{
    v[threadIdx.x] = 1;
}

int main()
{
    int *v, *h;
    cudaStream_t s;
    cudaStreamCreate(&s);
    cudaMalloc(&v, 128);
    cudaMallocHost(&h, 128);
    a<<<1, 32, 0, s>>>(v);
    cudaMemcpyAsync(h, v, 128, cudaMemcpyDeviceToHost, s);
    printf("%d\n", h[3]);
    cudaStreamSynchronize(s);
}
