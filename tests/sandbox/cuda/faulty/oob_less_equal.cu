// fault: kind=out_of_bounds check=none line=8 kernel=add
#include <cstdio>
#include <vector>

__global__ void add(const double *a, const double *b, double *c, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= n) c[i] = a[i] + b[i];
}

int main()
{
    const int n = 500;
    std::vector<double> h(n, 1.0);
    double *a, *b, *c;
    cudaMalloc(&a, n * sizeof(double));
    cudaMalloc(&b, n * sizeof(double));
    cudaMalloc(&c, n * sizeof(double));
    cudaMemcpy(a, h.data(), n * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(b, h.data(), n * sizeof(double), cudaMemcpyHostToDevice);
    add<<<2, 256>>>(a, b, c, n);
    cudaMemcpy(h.data(), c, n * sizeof(double), cudaMemcpyDeviceToHost);
    printf("%f\n", h[n - 1]);
    cudaFree(a), cudaFree(b), cudaFree(c);
}
