// A sum in one launch: blocks publish partial sums behind __threadfence, the last one to arrive adds them up.
#include <cstdio>
#include <vector>

__device__ unsigned int count = 0;

__global__ void sum(const float *array, unsigned int n, volatile float *result)
{
    __shared__ bool isLastBlockDone;
    __shared__ float s[128];
    float v = 0;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) v += array[i];
    s[threadIdx.x] = v;
    __syncthreads();
    for (int d = blockDim.x / 2; d; d >>= 1) {
        if (threadIdx.x < d) s[threadIdx.x] += s[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        result[blockIdx.x] = s[0];
        __threadfence();
        unsigned int value = atomicInc(&count, gridDim.x);
        isLastBlockDone = (value == (gridDim.x - 1));
    }
    __syncthreads();
    if (isLastBlockDone) {
        if (threadIdx.x == 0) {
            float total = 0;
            for (int b = 0; b < gridDim.x; b++) total += result[b];
            result[0] = total;
            count = 0;
        }
    }
}

int main()
{
    const unsigned n = 4000, blocks = 9;
    std::vector<float> h(n);
    double want = 0;
    for (unsigned i = 0; i < n; i++) want += h[i] = i % 100;
    float *d, *r, got[3];
    cudaMalloc(&d, n * sizeof(float));
    cudaMalloc(&r, blocks * sizeof(float));
    cudaMemcpy(d, h.data(), n * sizeof(float), cudaMemcpyHostToDevice);
    for (float &g : got) {
        sum<<<blocks, 128>>>(d, n, r);
        cudaMemcpy(&g, r, sizeof(float), cudaMemcpyDeviceToHost);
    }
    cudaFree(d);
    cudaFree(r);
    bool good = got[0] == want && got[1] == want && got[2] == want;
    printf("%s last_block %.0f\n", good ? "ok" : "FAILED", got[2]);
    return good ? 0 : 1;
}
