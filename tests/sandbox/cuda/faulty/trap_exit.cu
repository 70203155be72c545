// fault: kind=trap check=none line=7 kernel=stop
// Device code ends the program.
#include <cstdlib>

__global__ void stop(int n)
{
    if (threadIdx.x == n) exit(0);
}

int main()
{
    stop<<<1, 32>>>(5);
    return cudaDeviceSynchronize();
}
