// fault: kind=out_of_bounds check=address line=10 kernel=transpose
// Rows and columns exchanged in the index of a matrix that isn't square.
#include <cstdio>

__global__ void transpose(const int *in, int *out, int rows, int cols)
{
    int r = blockIdx.y * blockDim.y + threadIdx.y;
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (r < rows && c < cols)
        out[c * cols + r] = in[r * cols + c];
}

int main()
{
    const int rows = 20, cols = 50;
    int h[rows * cols], *in, *out;
    for (int i = 0; i < rows * cols; i++) h[i] = i;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    transpose<<<dim3(4, 2), dim3(16, 16)>>>(in, out, rows, cols);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[1]);
    cudaFree(in), cudaFree(out);
}
