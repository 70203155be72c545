// printf on the device: one thread at a time, so that the order is fixed; many conversions.
#include <cstdio>

struct Point {
    float x, y;
};

__global__ void hello(const char *unused, int who)
{
    if (threadIdx.x == who) printf("hello from block %d, thread %d of %u\n", blockIdx.x, threadIdx.x, blockDim.x);
}

__global__ void formats(Point p, long long big)
{
    printf("%5d|%-5d|%05d|%x|%c|%s|%%\n", 42, 42, 42, 0xbeef, 'z', "text");
    printf("%f %.3e %g %lld %llu %hd\n", p.x, p.y, 0.5, big, 18446744073709551615ull, (short)-3);
}

int main()
{
    for (int who = 0; who < 3; who++) {
        hello<<<1, 4>>>(nullptr, who);
        cudaDeviceSynchronize();
    }
    formats<<<1, 1>>>(Point{1.5f, -2048.0f}, -1234567890123ll);
    cudaError_t e = cudaDeviceSynchronize();
    printf("%s device_printf\n", e == cudaSuccess ? "ok" : cudaGetErrorString(e));
    return e != cudaSuccess;
}
