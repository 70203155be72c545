// Device function pointers: a table in device memory, a symbol copied to the host, and a template argument.
#include <cstdio>

typedef int (*Op)(int, int);

__device__ int add(int a, int b) { return a + b; }
__device__ int sub(int a, int b) { return a - b; }
__device__ int mul(int a, int b) { return a * b; }

__device__ Op table[3] = {add, sub, mul};
__device__ Op chosen = mul;

__global__ void apply_table(const int *x, const int *y, int *out, int n)
{
    int i = threadIdx.x + blockIdx.x * blockDim.x;
    if (i < n) out[i] = table[i % 3](x[i], y[i]);
}

__global__ void apply(Op op, const int *x, const int *y, int *out, int n)
{
    int i = threadIdx.x + blockIdx.x * blockDim.x;
    if (i < n) out[i] += (*op)(x[i], y[i]);
}

template <Op F>
__global__ void apply_static(const int *x, const int *y, int *out, int n)
{
    int i = threadIdx.x + blockIdx.x * blockDim.x;
    if (i < n) out[i] += F(x[i], y[i]);
}

int main()
{
    const int n = 200;
    int x[n], y[n], out[n];
    for (int i = 0; i < n; i++) x[i] = i, y[i] = 3 * i % 17;
    int *dx, *dy, *dout;
    cudaMalloc(&dx, sizeof x);
    cudaMalloc(&dy, sizeof y);
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, sizeof y, cudaMemcpyHostToDevice);
    apply_table<<<4, 64>>>(dx, dy, dout, n);
    Op host_copy;
    cudaMemcpyFromSymbol(&host_copy, chosen, sizeof(Op));
    apply<<<4, 64>>>(host_copy, dx, dy, dout, n);
    apply_static<sub><<<4, 64>>>(dx, dy, dout, n);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int want = i % 3 == 0 ? x[i] + y[i] : i % 3 == 1 ? x[i] - y[i] : x[i] * y[i];
        want += x[i] * y[i] + x[i] - y[i];
        if (out[i] != want) {
            printf("element %d: %d, not %d\n", i, out[i], want);
            return 1;
        }
        sum += out[i];
    }
    cudaFree(dx);
    cudaFree(dy);
    cudaFree(dout);
    printf("ok function_pointer %ld\n", sum);
    return 0;
}
