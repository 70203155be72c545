// A function of the device returns before its barrier.
#include <cstdio>

template <class T> __device__ void body(T *o, int n)
{
    __shared__ T s[32];
    int t = threadIdx.x;
    if (t >= n) {
        return;
    }
    s[t] = t;
    __syncthreads();
    o[t] = s[n - 1 - t];
}

__global__ void k(float *o, int n)
{
    body(o, n);
}

int main()
{
    float *o, h[32];
    cudaMalloc(&o, 128);
    cudaMemset(o, 0, 128);
    k<<<1, 32>>>(o, 20);
    cudaMemcpy(h, o, 128, cudaMemcpyDeviceToHost);
    printf("%s\n", h[0] == 19 ? "ok early return function" : "WRONG");
}
