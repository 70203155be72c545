// fault: kind=wrong_result check=none
// 64 KiB of dynamic shared memory without the opt-in: the launch fails in silence.
#include <cstdio>

__global__ void sum(const float *v, int n, float *out)
{
    extern __shared__ float s[];
    for (int i = threadIdx.x; i < n; i += blockDim.x) s[i] = v[i];
    __syncthreads();
    if (threadIdx.x == 0) {
        float t = 0;
        for (int i = 0; i < n; i++) t += s[i];
        *out = t;
    }
}

int main()
{
    const int n = 16384;
    static float h[n];
    float *v, *out, t = 0;
    for (int i = 0; i < n; i++) h[i] = 1;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, sizeof t);
    cudaMemset(out, 0, sizeof t);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    sum<<<1, 128, n * sizeof(float)>>>(v, n, out);
    cudaMemcpy(&t, out, sizeof t, cudaMemcpyDeviceToHost);
    printf("%f\n", t);
    return t != n;
}
