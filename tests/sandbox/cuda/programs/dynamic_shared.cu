// Dynamic shared memory: of one type, carved into three arrays, behind a template, and beside a static array.
#include <cstdio>
#include <cstring>

__global__ void reverse(int *d, int n)
{
    extern __shared__ int s[];
    int t = threadIdx.x;
    s[t] = d[t];
    __syncthreads();
    d[t] = s[n - 1 - t];
}

__global__ void carved(double *out, int n)
{
    extern __shared__ __align__(16) unsigned char raw[];
    double *a = reinterpret_cast<double *>(raw);
    float *b = (float *)&a[n];
    short *c = (short *)(b + n);
    int t = threadIdx.x;
    a[t] = t * 0.5;
    b[t] = t * 2.0f;
    c[t] = -t;
    __syncthreads();
    int o = n - 1 - t;
    out[t] = a[o] + b[o] + c[o];
}

template <typename T>
struct Shared {
    static __device__ T *get()
    {
        extern __shared__ unsigned char memory[];
        return reinterpret_cast<T *>(memory);
    }
};

template <typename T>
__global__ void rotate(T *d)
{
    __shared__ int shift;
    T *s = Shared<T>::get();
    if (threadIdx.x == 0) shift = 5;
    s[threadIdx.x] = d[threadIdx.x];
    __syncthreads();
    d[threadIdx.x] = s[(threadIdx.x + shift) % blockDim.x];
}

int main()
{
    const int n = 96;
    int v[n], *dv;
    double o[n], *dout;
    for (int i = 0; i < n; i++) v[i] = i * 3;
    cudaMalloc(&dv, sizeof v);
    cudaMalloc(&dout, sizeof o);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    reverse<<<1, n, n * sizeof(int)>>>(dv, n);
    carved<<<1, n, n * (sizeof(double) + sizeof(float) + sizeof(short))>>>(dout, n);
    rotate<int><<<1, n, sizeof(int) * n>>>(dv);
    rotate<double><<<1, n, sizeof(double) * n>>>(dout);
    cudaMemcpy(v, dv, sizeof v, cudaMemcpyDeviceToHost);
    cudaMemcpy(o, dout, sizeof o, cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        int k = n - 1 - (i + 5) % n;
        if (v[i] != 3 * k || o[i] != k * 1.5) return printf("wrong at %d: %d %f\n", i, v[i], o[i]), 1;
        sum += o[i] * i;
    }
    cudaFree(dv);
    cudaFree(dout);
    printf("ok dynamic_shared %.1f\n", sum);
    return 0;
}
