// Polynomials with coefficients in constant memory: static initialisers, a struct, and copies at an offset.
#include <cstdio>
#include <cstring>

#define DEGREE 6

struct Params {
    int shift;
    float scale;
};

__constant__ float coefficients[DEGREE + 1];
__constant__ int primes[4] = {2, 3, 5, 7};
__constant__ Params params;

__global__ void horner(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float v = 0.0f;
    for (int k = DEGREE; k >= 0; --k) v = v * x[i] + coefficients[k];
    y[i] = params.scale * v + primes[(i + params.shift) & 3];
}

int main()
{
    const int n = 128;
    float x[n], y[n], c[DEGREE + 1] = {1, 2, 0, -1, 0, 0, 3};
    for (int i = 0; i < n; i++) x[i] = (i - 64) / 16.0f;
    float *dx, *dy;
    cudaMalloc((void **)&dx, sizeof x);
    cudaMalloc((void **)&dy, sizeof y);
    cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
    cudaMemcpyToSymbol(coefficients, c, sizeof c);
    float replaced[2] = {4, -2};
    cudaMemcpyToSymbol(coefficients, replaced, sizeof replaced, 2 * sizeof(float));
    memcpy(c + 2, replaced, sizeof replaced);
    Params p = {1, 0.5f};
    cudaMemcpyToSymbol(params, &p, sizeof(Params), 0, cudaMemcpyHostToDevice);
    horner<<<2, 64>>>(dx, dy, n);
    cudaMemcpy(y, dy, sizeof y, cudaMemcpyDeviceToHost);
    int host_primes[4];
    cudaMemcpyFromSymbol(host_primes, primes, sizeof host_primes);
    for (int i = 0; i < n; i++) {
        double v = 0;
        for (int k = DEGREE; k >= 0; --k) v = v * x[i] + c[k];
        double want = 0.5 * v + host_primes[(i + 1) & 3], error = y[i] - want;
        if (error * error > 1e-8 * (1 + want * want)) {
            printf("x = %f: %f, not %f\n", x[i], y[i], want);
            return 1;
        }
    }
    cudaFree(dx);
    cudaFree(dy);
    printf("ok constant_poly %d\n", host_primes[0] * host_primes[1] * host_primes[2] * host_primes[3]);
    return 0;
}
