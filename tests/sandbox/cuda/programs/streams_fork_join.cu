// Two streams part and come together by events.
#include <cstdio>

__global__ void fill(int *v, int n, int x)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] = x;
}

__global__ void both(const int *a, const int *b, int *o, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) o[i] = a[i] + b[i];
}

int main()
{
    int *a, *b, *o, *h, n = 500;
    cudaStream_t s, t;
    cudaEvent_t fork, join;
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&t, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
    cudaEventCreateWithFlags(&join, cudaEventDisableTiming);
    cudaMalloc(&a, 2000);
    cudaMalloc(&b, 2000);
    cudaMalloc(&o, 2000);
    cudaMallocHost(&h, 2000);
    for (int r = 0; r < 4; ++r) {
        fill<<<4, 128, 0, s>>>(a, n, r);
        cudaEventRecord(fork, s);
        cudaStreamWaitEvent(t, fork);
        fill<<<4, 128, 0, t>>>(b, n, 2 * r);
        cudaEventRecord(join, t);
        cudaStreamWaitEvent(s, join, 0);
        both<<<4, 128, 0, s>>>(a, b, o, n);
        cudaMemcpyAsync(h, o, 2000, cudaMemcpyDeviceToHost, s);
        cudaStreamSynchronize(s);
        if (h[499] != 3 * r) {
            printf("WRONG\n");
            return 1;
        }
    }
    printf("ok streams fork join\n");
}
