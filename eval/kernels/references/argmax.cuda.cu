#include <cuda_runtime.h>

#include <vector>

#define BLOCK 256

struct Best {
    float value;
    int index;
};

/* An index below zero stands for no element. */
__host__ __device__ inline Best better(Best a, Best b) {
    if (b.index < 0) return a;
    if (a.index < 0 || b.value > a.value || (b.value == a.value && b.index < a.index)) return b;
    return a;
}

__global__ void argmax_blocks(int n, const float *x, Best *results) {
    __shared__ Best shared[BLOCK];
    Best mine = {0.0f, -1};
    for (int i = blockIdx.x * BLOCK + threadIdx.x; i < n; i += gridDim.x * BLOCK) {
        const Best here = {x[i], i};
        mine = better(mine, here);
    }
    shared[threadIdx.x] = mine;
    __syncthreads();
    for (unsigned int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] = better(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    if (threadIdx.x == 0) results[blockIdx.x] = shared[0];
}

extern "C" int argmax(int n, const float *x) {
    if (n == 0) return -1;
    const int blocks = min((n + BLOCK - 1) / BLOCK, 64);
    float *device_x;
    Best *device_results;
    cudaMalloc((void **)&device_x, n * sizeof(float));
    cudaMalloc((void **)&device_results, blocks * sizeof(Best));
    cudaMemcpy(device_x, x, n * sizeof(float), cudaMemcpyHostToDevice);
    argmax_blocks<<<blocks, BLOCK>>>(n, device_x, device_results);
    std::vector<Best> results(blocks);
    cudaMemcpy(results.data(), device_results, blocks * sizeof(Best), cudaMemcpyDeviceToHost);
    cudaFree(device_results);
    cudaFree(device_x);
    Best best = results[0];
    for (int b = 1; b < blocks; b++) best = better(best, results[b]);
    return best.index;
}
