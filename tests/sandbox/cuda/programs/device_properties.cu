// What programs ask of a device before they start.
#include <stdio.h>

int main(void)
{
    int count = 0, device = -1, value = 0, driver = 0, runtime = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
        printf("There are no available device(s) that support CUDA\n");
        return 1;
    }
    cudaSetDevice(0);
    cudaGetDevice(&device);
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    cudaDeviceProp p;
    cudaGetDeviceProperties(&p, device);
    int bad = device != 0 || p.major < 8 || p.warpSize != 32 || p.maxThreadsPerBlock != 1024 || p.sharedMemPerBlock < 48 * 1024;
    bad |= p.maxThreadsDim[0] != 1024 || p.maxThreadsDim[2] != 64 || p.maxGridSize[0] != 2147483647 || p.maxGridSize[1] != 65535;
    bad |= p.totalGlobalMem == 0 || p.multiProcessorCount < 1 || p.regsPerBlock < 32768 || p.name[0] == 0 || p.totalConstMem != 65536;
    bad |= p.unifiedAddressing != 1 || p.managedMemory != 1 || p.concurrentKernels != 1;
    cudaDeviceGetAttribute(&value, cudaDevAttrMaxThreadsPerBlock, device);
    bad |= value != 1024;
    cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device);
    bad |= value != p.multiProcessorCount;
    cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, device);
    bad |= value != p.major || runtime < 11000 || driver < runtime;
    int can = -1;
    cudaDeviceCanAccessPeer(&can, 0, 0);
    cudaDeviceReset();
    printf("%s device_properties\n", bad ? "FAILED" : "ok");
    return bad;
}
