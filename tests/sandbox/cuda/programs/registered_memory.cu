// Memory of the host that was registered.
#include <cstdio>
#include <vector>

__global__ void scale(int *v, const int *w)
{
    v[threadIdx.x] = 2 * w[threadIdx.x];
}

int main()
{
    std::vector<int> a(64), b(64, 4);
    int *x, *y;
    cudaHostRegister(a.data(), 256, cudaHostRegisterMapped);
    cudaHostRegister(b.data(), 256, cudaHostRegisterDefault);
    cudaHostGetDevicePointer(&x, a.data(), 0);
    cudaHostGetDevicePointer(&y, b.data(), 0);
    scale<<<1, 64>>>(x, y);
    cudaDeviceSynchronize();
    cudaHostUnregister(a.data());
    cudaHostUnregister(b.data());
    printf("%s\n", a[63] == 8 ? "ok registered memory" : "WRONG");
}
