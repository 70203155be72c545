// fault: kind=wrong_result check=none
// The direction of the second copy is the wrong one; its error is ignored.
#include <cstdio>

__global__ void triple(int *v) { v[threadIdx.x] *= 3; }

int main()
{
    int h[32], r[32] = {0}, *d, errors = 0;
    for (int i = 0; i < 32; i++) h[i] = i + 1;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    triple<<<1, 32>>>(d);
    cudaMemcpy(r, d, sizeof r, cudaMemcpyHostToDevice);
    for (int i = 0; i < 32; i++) errors += r[i] != 3 * h[i];
    printf("%d errors\n", errors);
    cudaFree(d);
    return errors ? 1 : 0;
}
