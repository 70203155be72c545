// Byte histogram with privatised bins in shared memory, merged by global atomics; and one by bytes of words.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define BINS 256

__global__ void histo_private(const unsigned char *data, int n, unsigned *bins)
{
    __shared__ unsigned local[BINS];
    for (int b = threadIdx.x; b < BINS; b += blockDim.x) local[b] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&local[data[i]], 1u);
    __syncthreads();
    for (int b = threadIdx.x; b < BINS; b += blockDim.x)
        if (local[b]) atomicAdd(&bins[b], local[b]);
}

__device__ void add4(unsigned *s, unsigned word)
{
    atomicAdd(s + (word & 0xff), 1u);
    atomicAdd(s + (word >> 8 & 0xff), 1u);
    atomicAdd(s + (word >> 16 & 0xff), 1u);
    atomicAdd(s + (word >> 24), 1u);
}

__global__ void histo_words(const uint4 *data, int n, unsigned *bins)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        uint4 v = data[i];
        add4(bins, v.x);
        add4(bins, v.y);
        add4(bins, v.z);
        add4(bins, v.w);
    }
}

int main()
{
    const int n = 8192;
    unsigned char *h = (unsigned char *)malloc(n), *d;
    unsigned bins[BINS], words[BINS], want[BINS] = {0}, *d_bins;
    srand(7);
    unsigned seed = 7;
    for (int i = 0; i < n; i++) {
        seed = seed * 1103515245u + 12345u;
        h[i] = (seed >> 16 & 0xff) & (seed >> 24);
        want[h[i]]++;
    }
    cudaMalloc((void **)&d, n);
    cudaMalloc((void **)&d_bins, 2 * sizeof(bins));
    cudaMemcpy(d, h, n, cudaMemcpyHostToDevice);
    cudaMemset(d_bins, 0, 2 * sizeof(bins));
    histo_private<<<8, 128>>>(d, n, d_bins);
    histo_words<<<n / 16 / 64, 64>>>((const uint4 *)d, n / 16, d_bins + BINS);
    cudaMemcpy(bins, d_bins, sizeof(bins), cudaMemcpyDeviceToHost);
    cudaMemcpy(words, d_bins + BINS, sizeof(words), cudaMemcpyDeviceToHost);
    int bad = memcmp(bins, want, sizeof(bins)) != 0 || memcmp(words, want, sizeof(words)) != 0;
    cudaFree(d);
    cudaFree(d_bins);
    free(h);
    printf("%s histogram %u %u\n", bad ? "FAILED" : "ok", bins[0], bins[255]);
    return bad;
}
