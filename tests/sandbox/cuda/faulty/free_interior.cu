// fault: kind=bad_free check=address line=16
// The pointer has been advanced through the array when it is freed.
#include <cstdio>

__global__ void fill(float *v, float x) { v[threadIdx.x] = x; }

int main()
{
    float *p;
    cudaMalloc(&p, 4 * 64 * sizeof(float));
    for (int part = 0; part < 3; part++) {
        fill<<<1, 64>>>(p, part);
        p += 64;
    }
    cudaDeviceSynchronize();
    cudaFree(p);
    puts("done");
}
