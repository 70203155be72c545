// nvcc: --extended-lambda
// A parallel_for that takes device lambdas with captures, as portability layers do.
#include <cstdio>
#include <vector>

template <typename F>
__global__ void for_each_index(int n, F f)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) f(i);
}

template <typename F>
void parallel_for(int n, F f)
{
    for_each_index<<<(n + 127) / 128, 128>>>(n, f);
}

template <typename T, typename F>
__global__ void transform(const T *in, T *out, int n, F f)
{
    auto index = [] __device__() { return blockIdx.x * blockDim.x + threadIdx.x; };
    if (index() < n) out[index()] = f(in[index()]);
}

int main()
{
    const int n = 1000;
    double *x, *y;
    cudaMalloc(&x, n * sizeof(double));
    cudaMalloc(&y, n * sizeof(double));
    double scale = 0.25;
    parallel_for(n, [=] __device__(int i) { x[i] = scale * i; });
    int offset = 3;
    parallel_for(n, [x, y, offset] __device__(int i) {
        y[i] = x[(i + offset) % n] - x[i];
    });
    auto square = [] __host__ __device__(double v) { return v * v; };
    transform<<<8, 128>>>(y, x, n, square);
    std::vector<double> h(n);
    cudaMemcpy(h.data(), x, n * sizeof(double), cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double want = square(scale * ((i + offset) % n) - scale * i);
        if (h[i] != want) return printf("bad %d: %f, not %f\n", i, h[i], want), 1;
        sum += h[i];
    }
    cudaFree(x);
    cudaFree(y);
    printf("ok lambda_parallel_for %.4f\n", sum);
    return 0;
}
