#include "simulate.h"

#include "particle.cuh"

namespace {

__device__ int bounces;

__global__ void advance(Particle *p, int n, int steps, float dt)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    for (int s = 0; s < steps; ++s) p[i].advance(dt);
    atomicAdd(&bounces, p[i].bounces);
}

}  // namespace

int simulate(Particle *particles, int n, int steps, float dt)
{
    Particle *d = nullptr;
    int total = 0;
    if (cudaMalloc(&d, n * sizeof(Particle)) != cudaSuccess) return -1;
    cudaMemcpyToSymbol(bounces, &total, sizeof total);
    cudaMemcpy(d, particles, n * sizeof(Particle), cudaMemcpyHostToDevice);
    advance<<<(n + 63) / 64, 64>>>(d, n, steps, dt);
    if (cudaMemcpy(particles, d, n * sizeof(Particle), cudaMemcpyDeviceToHost) != cudaSuccess) return -1;
    cudaMemcpyFromSymbol(&total, bounces, sizeof total);
    cudaFree(d);
    return total;
}
