// A lock in a class, around a sum of blocks.
#include <cstdio>

struct Mutex {
    int *m;
    Mutex()
    {
        cudaMalloc(&m, 4);
        cudaMemset(m, 0, 4);
    }
    __device__ void lock()
    {
        while (atomicCAS(m, 0, 1) != 0);
        __threadfence();
    }
    __device__ void unlock()
    {
        __threadfence();
        atomicExch(m, 0);
    }
};
__global__ void dot(Mutex x, const double *a, double *r)
{
    __shared__ double c[64];
    int t = threadIdx.x;
    c[t] = a[blockIdx.x * 64 + t];
    __syncthreads();
    for (int i = 32; i; i /= 2) {
        if (t < i) c[t] += c[t + i];
        __syncthreads();
    }
    if (t == 0) {
        x.lock();
        *r += c[0];
        x.unlock();
    }
}

int main()
{
    Mutex m;
    double h[512], *a, *r, s;
    for (int i = 0; i < 512; ++i) h[i] = i;
    cudaMalloc(&a, sizeof h);
    cudaMalloc(&r, 8);
    cudaMemset(r, 0, 8);
    cudaMemcpy(a, h, sizeof h, cudaMemcpyHostToDevice);
    dot<<<8, 64>>>(m, a, r);
    cudaMemcpy(&s, r, 8, cudaMemcpyDeviceToHost);
    printf("%s\n", s == 130816 ? "ok mutex class" : "WRONG");
}
