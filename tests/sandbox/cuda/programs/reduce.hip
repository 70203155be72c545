// HIP: block reduction with dynamic shared memory and hipLaunchKernelGGL, streams and events.
#include <hip/hip_runtime.h>

#include <cstdio>
#include <vector>

template <typename T>
__global__ void reduce(const T *in, T *out, int n)
{
    HIP_DYNAMIC_SHARED(T, shared)
    int t = hipThreadIdx_x, i = hipBlockIdx_x * hipBlockDim_x + t;
    shared[t] = i < n ? in[i] : T(0);
    __syncthreads();
    for (int d = hipBlockDim_x / 2; d > 0; d >>= 1) {
        if (t < d) shared[t] += shared[t + d];
        __syncthreads();
    }
    if (t == 0) atomicAdd(out, shared[0]);
}

int main()
{
    const int n = 3000, threads = 256, blocks = (n + threads - 1) / threads;
    std::vector<int> h(n);
    int want = 0, got = 0, *in, *out;
    for (int i = 0; i < n; i++) want += h[i] = i % 77 - 20;
    hipStream_t stream;
    hipEvent_t start, stop;
    hipStreamCreate(&stream);
    hipEventCreate(&start);
    hipEventCreate(&stop);
    hipMalloc((void **)&in, n * sizeof(int));
    hipMalloc((void **)&out, sizeof(int));
    hipMemcpyAsync(in, h.data(), n * sizeof(int), hipMemcpyHostToDevice, stream);
    hipMemsetAsync(out, 0, sizeof(int), stream);
    hipEventRecord(start, stream);
    hipLaunchKernelGGL(reduce<int>, dim3(blocks), dim3(threads), threads * sizeof(int), stream, in, out, n);
    hipEventRecord(stop, stream);
    hipEventSynchronize(stop);
    float ms = -1;
    hipEventElapsedTime(&ms, start, stop);
    hipMemcpy(&got, out, sizeof(int), hipMemcpyDeviceToHost);
    hipFree(in);
    hipFree(out);
    hipEventDestroy(start);
    hipEventDestroy(stop);
    hipStreamDestroy(stream);
    std::printf("%s hip reduce %d\n", got == want && ms >= 0 ? "ok" : "FAILED", got);
    return got != want;
}
