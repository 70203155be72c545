// fault: kind=uninitialised check=address line=10 kernel=reverse
// Without a barrier the first threads read what nobody has written yet.
#include <cstdio>

__global__ void reverse(int *v)
{
    __shared__ int s[256];
    int t = threadIdx.x;
    s[t] = v[t];
    v[t] = s[255 - t];
}

int main()
{
    int h[256], *d;
    for (int i = 0; i < 256; i++) h[i] = i;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    reverse<<<1, 256>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
    cudaFree(d);
}
