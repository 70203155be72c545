// Launches by cudaLaunchKernel with an array of arguments, and by pointers to kernels.
#include <cstdio>

struct Config {
    double scale;
    int offset;
    char tag;
};

__global__ void affine(const int *in, double *out, Config c, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = c.scale * in[i] + c.offset + (c.tag == 'x');
}

template <typename T>
__global__ void twice(T *v, int n)
{
    extern __shared__ char unused[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] *= 2;
}

int main()
{
    int n = 150, in[150], *din;
    double out[150], *dout;
    for (int i = 0; i < n; i++) in[i] = i;
    cudaMalloc(&din, sizeof in);
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(din, in, sizeof in, cudaMemcpyHostToDevice);
    Config c = {0.5, -7, 'x'};
    void *args[] = {&din, &dout, &c, &n};
    if (cudaLaunchKernel((const void *)affine, dim3(3), dim3(64), args, 0, 0) != cudaSuccess) return 1;

    void (*kernel)(double *, int) = twice<double>;
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaDeviceSynchronize();
    kernel<<<3, 64, 256, stream>>>(dout, n);
    void *more[] = {&dout, &n};
    if (cudaLaunchKernel((void *)twice<double>, 3, 64, more, 128, stream) != cudaSuccess) return 2;
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (out[i] != 4 * (0.5 * i - 7 + 1)) return printf("%d: %f\n", i, out[i]), 3;
        sum += out[i];
    }
    cudaFree(din);
    cudaFree(dout);
    printf("ok launch_api %.1f\n", sum);
    return 0;
}
