// Least-significant-digit radix sort: histograms per block, a scan of them on the device, a stable scatter.
#include <algorithm>
#include <cstdio>
#include <vector>

constexpr int kBits = 4, kBuckets = 1 << kBits, kThreads = 64;

__global__ void count(const unsigned *keys, int n, int shift, int *counts)
{
    __shared__ int local[kBuckets];
    if (threadIdx.x < kBuckets) local[threadIdx.x] = 0;
    __syncthreads();
    int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) atomicAdd(&local[keys[i] >> shift & (kBuckets - 1)], 1);
    __syncthreads();
    if (threadIdx.x < kBuckets) counts[threadIdx.x * gridDim.x + blockIdx.x] = local[threadIdx.x];
}

__global__ void scan(int *counts, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int c = counts[i];
        counts[i] = sum;
        sum += c;
    }
}

__global__ void scatter(const unsigned *in, unsigned *out, int n, int shift, const int *starts)
{
    __shared__ unsigned char digit[kThreads];
    int t = threadIdx.x, i = blockIdx.x * kThreads + t;
    unsigned key = i < n ? in[i] : 0u;
    digit[t] = i < n ? key >> shift & (kBuckets - 1) : 0xff;
    __syncthreads();
    if (i >= n) return;
    int before = 0;
    for (int k = 0; k < t; k++) before += digit[k] == digit[t];
    out[starts[digit[t] * gridDim.x + blockIdx.x] + before] = key;
}

int main()
{
    const int n = 1000, blocks = (n + kThreads - 1) / kThreads;
    std::vector<unsigned> keys(n), got(n);
    unsigned state = 12345;
    for (auto &k : keys) k = (state = state * 1664525u + 1013904223u);
    unsigned *a, *b;
    int *counts;
    cudaMalloc(&a, n * sizeof(unsigned));
    cudaMalloc(&b, n * sizeof(unsigned));
    cudaMalloc(&counts, blocks * kBuckets * sizeof(int));
    cudaMemcpy(a, keys.data(), n * sizeof(unsigned), cudaMemcpyHostToDevice);
    for (int shift = 0; shift < 32; shift += kBits) {
        count<<<blocks, kThreads>>>(a, n, shift, counts);
        scan<<<1, 1>>>(counts, blocks * kBuckets);
        scatter<<<blocks, kThreads>>>(a, b, n, shift, counts);
        std::swap(a, b);
    }
    cudaMemcpy(got.data(), a, n * sizeof(unsigned), cudaMemcpyDeviceToHost);
    std::sort(keys.begin(), keys.end());
    bool good = got == keys && cudaGetLastError() == cudaSuccess;
    cudaFree(a), cudaFree(b), cudaFree(counts);
    printf("%s radix_sort %u %u\n", good ? "ok" : "FAILED", got[0], got[n / 2]);
    return !good;
}
