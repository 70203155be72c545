// Pi by the device generators of cuRAND: a state per thread, a block sum, and one atomic per block.
#include <cmath>
#include <cstdio>
#include <curand_kernel.h>

__global__ void setup(curandState *states, unsigned long long seed)
{
    int id = blockIdx.x * blockDim.x + threadIdx.x;
    curand_init(seed, id, 0, &states[id]);
}

__global__ void sample(curandState *states, int per_thread, unsigned long long *hits)
{
    __shared__ unsigned int block_hits;
    if (threadIdx.x == 0) block_hits = 0;
    __syncthreads();
    int id = blockIdx.x * blockDim.x + threadIdx.x;
    curandState local = states[id];
    unsigned count = 0;
    for (int i = 0; i < per_thread; ++i) {
        float x = curand_uniform(&local), y = curand_uniform(&local);
        if (x * x + y * y <= 1.0f) count++;
    }
    states[id] = local;
    atomicAdd(&block_hits, count);
    __syncthreads();
    if (threadIdx.x == 0) atomicAdd(hits, (unsigned long long)block_hits);
}

int main()
{
    const int blocks = 4, threads = 64, per_thread = 300;
    curandState *states;
    unsigned long long *d_hits, hits = 0;
    cudaMalloc(&states, blocks * threads * sizeof(curandState));
    cudaMalloc(&d_hits, sizeof hits);
    cudaMemcpy(d_hits, &hits, sizeof hits, cudaMemcpyHostToDevice);
    setup<<<blocks, threads>>>(states, 1234ULL);
    sample<<<blocks, threads>>>(states, per_thread, d_hits);
    sample<<<blocks, threads>>>(states, per_thread, d_hits);
    if (cudaMemcpy(&hits, d_hits, sizeof hits, cudaMemcpyDeviceToHost) != cudaSuccess) return 1;
    double pi = 4.0 * hits / (2.0 * blocks * threads * per_thread);
    cudaFree(states);
    cudaFree(d_hits);
    printf("%s monte_carlo_pi\n", std::fabs(pi - M_PI) < 0.03 ? "ok" : "FAILED");
    return std::fabs(pi - M_PI) < 0.03 ? 0 : 1;
}
