// fault: kind=use_after_free check=address line=11
// A copy reads what was freed.
#include <cstdio>

int main()
{
    int *v, h[32];
    cudaMalloc(&v, 128);
    cudaMemset(v, 0, 128);
    cudaFree(v);
    cudaMemcpy(h, v, 128, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
}
