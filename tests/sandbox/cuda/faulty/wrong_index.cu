// fault: kind=wrong_result check=none
// blockDim and gridDim exchanged: most elements are never computed.
#include <cstdio>

__global__ void square(const int *in, int *out, int n)
{
    int i = blockIdx.x * gridDim.x + threadIdx.x;
    if (i < n) atomicExch(&out[i], in[i] * in[i]);
}

int main()
{
    const int n = 1024;
    static int h[n], r[n];
    int *in, *out, errors = 0;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(out, 0xff, sizeof h);
    square<<<n / 128, 128>>>(in, out, n);
    cudaMemcpy(r, out, sizeof r, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++) errors += r[i] != i * i;
    printf("%d errors\n", errors);
    cudaFree(in), cudaFree(out);
    return errors != 0;
}
