// fault: kind=host_access check=none line=10
// A function of the library sorts memory of the device.
#include <algorithm>

int main()
{
    float *d;
    cudaMalloc(&d, 4000);
    cudaMemset(d, 0, 4000);
    std::sort(d, d + 1000);
}
