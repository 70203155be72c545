#include "vector.cuh"

__constant__ float alpha;

__device__ float blend(float a, float b) { return alpha * a + (1.0f - alpha) * b; }

__global__ void blend_kernel(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = blend(x[i], y[i]);
}

static __global__ void scale(float *v, const float *largest, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] /= *largest;
}

static __global__ void find_largest(const float *v, float *largest, int n)
{
    __shared__ float s[64];
    float m = 0.0f;
    for (int i = threadIdx.x; i < n; i += 64) m = fmaxf(m, v[i]);
    s[threadIdx.x] = m;
    __syncthreads();
    for (int d = 32; d > 0; d >>= 1) {
        if (threadIdx.x < d) s[threadIdx.x] = max(s[threadIdx.x], s[threadIdx.x + d]);
        __syncthreads();
    }
    if (threadIdx.x == 0) *largest = s[0];
}

void normalise(DeviceVector<float> &v)
{
    DeviceVector<float> largest(1);
    find_largest<<<1, 64>>>(v.get(), largest.get(), v.size());
    scale<<<(v.size() + 63) / 64, 64>>>(v.get(), largest.get(), v.size());
}
