// Bitonic sort: the steps in shared memory within a block, the long ones in global memory.
#include <cstdio>
#include <cstdlib>

#define SHARED_SIZE 128

__device__ inline void comparator(float &a, float &b, unsigned ascending)
{
    if ((a > b) == ascending) {
        float t = a;
        a = b;
        b = t;
    }
}

__global__ void sort_shared(float *data)
{
    __shared__ float s[SHARED_SIZE];
    float *d = data + blockIdx.x * SHARED_SIZE + threadIdx.x;
    s[threadIdx.x] = d[0];
    s[threadIdx.x + SHARED_SIZE / 2] = d[SHARED_SIZE / 2];
    for (unsigned size = 2; size <= SHARED_SIZE; size <<= 1) {
        unsigned up = size == SHARED_SIZE ? (blockIdx.x & 1) == 0 : (threadIdx.x & (size / 2)) == 0;
        for (unsigned stride = size / 2; stride > 0; stride >>= 1) {
            __syncthreads();
            unsigned pos = 2 * threadIdx.x - (threadIdx.x & (stride - 1));
            comparator(s[pos], s[pos + stride], up);
        }
    }
    __syncthreads();
    d[0] = s[threadIdx.x];
    d[SHARED_SIZE / 2] = s[threadIdx.x + SHARED_SIZE / 2];
}

__global__ void merge_global(float *data, unsigned size, unsigned stride)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned pos = 2 * i - (i & (stride - 1));
    comparator(data[pos], data[pos + stride], (i & (size / 2)) == 0);
}

int main()
{
    const unsigned n = 1024;
    float h[n], *d;
    double before = 0, after = 0;
    for (unsigned i = 0; i < n; i++) before += h[i] = (i * 2654435761u >> 12) % 10000 * 0.5f;
    cudaMalloc((void **)&d, sizeof(h));
    cudaMemcpy(d, h, sizeof(h), cudaMemcpyHostToDevice);
    sort_shared<<<n / SHARED_SIZE, SHARED_SIZE / 2>>>(d);
    for (unsigned size = 2 * SHARED_SIZE; size <= n; size <<= 1)
        for (unsigned stride = size / 2; stride > 0; stride >>= 1) merge_global<<<n / 128, 64>>>(d, size, stride);
    cudaMemcpy(h, d, sizeof(h), cudaMemcpyDeviceToHost);
    for (unsigned i = 0; i < n; i++) {
        after += h[i];
        if (i && h[i - 1] > h[i]) {
            printf("not sorted at %u\n", i);
            return EXIT_FAILURE;
        }
    }
    cudaFree(d);
    if (before != after) return EXIT_FAILURE;
    printf("ok bitonic_sort %.1f %.1f\n", h[0], h[n - 1]);
    return EXIT_SUCCESS;
}
