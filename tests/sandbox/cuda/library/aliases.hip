// HIP by its own names: launches, symbols, properties, errors.
#include "hip/hip_runtime.h"
#include <hip/hip_fp16.h>
#include <cstdio>
#include <vector>
#define HIP_CHECK(x) do { hipError_t e = (x); if (e != hipSuccess) { printf("%s\n", hipGetErrorString(e)); return 1; } } while (0)
template <typename T, int N> __global__ void scale(T *x, int n, const T *bias) {
    HIP_DYNAMIC_SHARED(T, s)
    int i = hipBlockDim_x * hipBlockIdx_x + hipThreadIdx_x;
    s[hipThreadIdx_x] = i < n ? x[i] : T(0);
    __syncthreads();
    if (i < n) x[i] = s[hipThreadIdx_x] * N + (bias ? *bias : T(1));
}
__constant__ float factor;
__global__ void once(float *x) { x[0] = factor; }
__global__ void nothing() {}
int main() {
    std::vector<float> h(100); for (int i = 0; i < 100; i++) h[i] = i;
    float *d; HIP_CHECK(hipMalloc(&d, 400)); HIP_CHECK(hipMemcpy(d, h.data(), 400, hipMemcpyHostToDevice));
    hipLaunchKernelGGL(HIP_KERNEL_NAME(scale<float, 3>), dim3(4), dim3(32), 32 * sizeof(float), 0, d, 100, 0);
    hipLaunchKernelGGL((scale<float, 2>), 4, 32, 128, nullptr, d, 100, nullptr);
    hipLaunchKernelGGL(nothing, dim3(1), dim3(1), 0, 0);
    scale<float, 1><<<4, 32, 128>>>(d, 100, NULL);
    float f = 2.5f; HIP_CHECK(hipMemcpyToSymbol(HIP_SYMBOL(factor), &f, sizeof f));
    once<<<1, 1>>>(d);
    HIP_CHECK(hipGetLastError()); HIP_CHECK(hipDeviceSynchronize());
    HIP_CHECK(hipMemcpy(h.data(), d, 400, hipMemcpyDeviceToHost));
    hipEvent_t a, b; hipEventCreate(&a); hipEventCreate(&b); hipEventRecord(a, 0); hipEventRecord(b, 0); hipEventSynchronize(b);
    hipDeviceProp_t p; hipGetDeviceProperties(&p, 0); float *pinned; hipHostMalloc(&pinned, 16, hipHostMallocDefault); hipHostFree(pinned);
    printf("%g %g %g %d\n", h[0], h[1], h[99], p.warpSize); hipFree(d);
    nothing<<<1, 2048>>>(); printf("%d\n", hipGetLastError() == hipErrorInvalidConfiguration);
}
