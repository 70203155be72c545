// Pools keep what they are told; their memory is that of the device.
#include <cstdint>
#include <cstdio>

__global__ void fill(int *p) { p[threadIdx.x] = threadIdx.x; }

int main()
{
    int bad = 0, *p, *q, host[32];
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    cudaMemPool_t first, own;
    bad += cudaDeviceGetDefaultMemPool(&first, 0) != cudaSuccess;
    std::uint64_t threshold = UINT64_MAX, told = 0;
    bad += cudaMemPoolSetAttribute(first, cudaMemPoolAttrReleaseThreshold, &threshold) != cudaSuccess;
    bad += cudaMemPoolGetAttribute(first, cudaMemPoolAttrReleaseThreshold, &told) != cudaSuccess || told != threshold;
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    bad += cudaMemPoolCreate(&own, &properties) != cudaSuccess;
    bad += cudaMallocFromPoolAsync(&p, sizeof host, own, stream) != cudaSuccess;
    bad += cudaMallocAsync(&q, sizeof host, stream) != cudaSuccess;
    fill<<<1, 32, 0, stream>>>(p);
    cudaMemcpyAsync(q, p, sizeof host, cudaMemcpyDeviceToDevice, stream);
    cudaMemcpyAsync(host, q, sizeof host, cudaMemcpyDeviceToHost, stream);
    bad += cudaMemPoolGetAttribute(own, cudaMemPoolAttrUsedMemCurrent, &told) != cudaSuccess || told < sizeof host;
    cudaFreeAsync(p, stream);
    cudaFreeAsync(q, stream);
    cudaStreamSynchronize(stream);
    bad += cudaMemPoolTrimTo(own, 0) != cudaSuccess || cudaMemPoolDestroy(own) != cudaSuccess || cudaMemPoolDestroy(own) != cudaErrorInvalidValue;
    for (int i = 0; i < 32; ++i) bad += host[i] != i;
    std::printf(bad ? "%d wrong\n" : "ok memory pools\n", bad);
    return bad != 0;
}
