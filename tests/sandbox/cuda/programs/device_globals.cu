// Global variables on the device: scalars, arrays, a struct, copies to and from symbols, addresses and sizes.
#include <cstdio>
#include <cuda_runtime.h>

struct Stats {
    int count;
    int largest;
    double total;
};

__device__ int counter;
__device__ int offsets[8] = {1, 2, 3, 4};
__device__ Stats stats = {0, -1, 0.0};
static __device__ unsigned long long hash = 14695981039346656037ull;

__device__ void remember(int value)
{
    atomicAdd(&stats.count, 1);
    atomicMax(&stats.largest, value);
}

__global__ void work(const int *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        int shifted = v[i] + offsets[i % 8];
        if (shifted % 2 == 0) atomicAdd(&counter, 1);
        remember(shifted);
    }
}

__global__ void finish(const int *v, int n)
{
    for (int i = 0; i < n; i++) {
        stats.total += v[i];
        hash = (hash ^ v[i]) * 1099511628211ull;
    }
}

int main()
{
    const int n = 500;
    int v[n], more[4] = {50, 60, 70, 80}, zero = 0, counted, *d;
    for (int i = 0; i < n; i++) v[i] = (i * i) % 97;
    cudaMalloc(&d, sizeof v);
    cudaMemcpy(d, v, sizeof v, cudaMemcpyHostToDevice);
    cudaMemcpyToSymbol(counter, &zero, sizeof zero);
    cudaMemcpyToSymbol(offsets, more, sizeof more, 4 * sizeof(int));
    work<<<4, 128>>>(d, n);
    finish<<<1, 1>>>(d, n);
    Stats s;
    unsigned long long h;
    cudaMemcpyFromSymbol(&counted, counter, sizeof counted);
    cudaMemcpyFromSymbol(&s, stats, sizeof s);
    cudaMemcpyFromSymbol(&h, hash, sizeof h, 0, cudaMemcpyDeviceToHost);
    void *address;
    size_t bytes;
    cudaGetSymbolAddress(&address, offsets);
    cudaGetSymbolSize(&bytes, offsets);
    int last;
    cudaMemcpy(&last, (int *)address + 7, sizeof last, cudaMemcpyDeviceToHost);

    const int all[8] = {1, 2, 3, 4, 50, 60, 70, 80};
    int even = 0, largest = -1;
    double total = 0;
    unsigned long long want = 14695981039346656037ull;
    for (int i = 0; i < n; i++) {
        int w = v[i] + all[i % 8];
        even += w % 2 == 0;
        largest = w > largest ? w : largest;
        total += v[i];
        want = (want ^ v[i]) * 1099511628211ull;
    }
    bool good = counted == even && s.count == n && s.largest == largest && s.total == total && h == want && bytes == 32 && last == 80;
    cudaFree(d);
    printf("%s device_globals %d %d %llx\n", good ? "ok" : "FAILED", counted, s.largest, h);
    return !good;
}
