// fault: kind=time_limit check=none
// The loop's step is zero for one value.
#include <cstdio>

__global__ void count(const int *step, int *out)
{
    int t = threadIdx.x, k = 0;
    for (volatile int i = 0; i < 100; i += step[t]) k++;
    out[t] = k;
}

int main()
{
    int h[16], *step, *out;
    for (int i = 0; i < 16; i++) h[i] = (i + 5) % 16;
    cudaMalloc(&step, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(step, h, sizeof h, cudaMemcpyHostToDevice);
    count<<<1, 16>>>(step, out);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
}
