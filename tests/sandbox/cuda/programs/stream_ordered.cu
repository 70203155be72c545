// Stream-ordered allocation, asynchronous memset, and copies between two allocations in dependent streams.
#include <cstdio>

__global__ void add(int *v, int what, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] += what;
}

int main()
{
    const int n = 300;
    int h[n], *a, *b, low, high;
    cudaStream_t first, second;
    cudaEvent_t done;
    cudaDeviceGetStreamPriorityRange(&low, &high);
    cudaStreamCreate(&first);
    cudaStreamCreateWithPriority(&second, cudaStreamNonBlocking, high);
    cudaEventCreate(&done);
    if (cudaMallocAsync((void **)&a, n * sizeof(int), first) != cudaSuccess) return 1;
    cudaMemsetAsync(a, 0, n * sizeof(int), first);
    add<<<3, 128, 0, first>>>(a, 5, n);
    cudaEventRecord(done, first);
    cudaStreamWaitEvent(second, done);
    cudaMallocAsync(&b, n * sizeof(int), second);
    cudaMemcpyAsync(b, a, n * sizeof(int), cudaMemcpyDeviceToDevice, second);
    add<<<3, 128, 0, second>>>(b, 37, n);
    cudaMemcpyAsync(h, b, n * sizeof(int), cudaMemcpyDeviceToHost, second);
    cudaStreamSynchronize(second);
    cudaFreeAsync(a, second);
    cudaFreeAsync(b, second);
    if (cudaDeviceSynchronize() != cudaSuccess) return 2;
    if (cudaEventQuery(done) != cudaSuccess) return 3;
    int sum = 0;
    for (int v : h) sum += v;
    cudaEventDestroy(done);
    cudaStreamDestroy(first);
    cudaStreamDestroy(second);
    printf("%s stream_ordered %d\n", sum == 42 * n ? "ok" : "FAILED", sum);
    return sum != 42 * n;
}
