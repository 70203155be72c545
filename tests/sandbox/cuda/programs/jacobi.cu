// Jacobi iteration for Laplace's equation in 2D, with the residual by an atomic maximum on the bits of a float.
#include <cmath>
#include <cstdio>
#include <cstring>

const int N = 34;

__global__ void sweep(const float (*u)[N], float (*v)[N], int *change)
{
    int i = blockIdx.y * blockDim.y + threadIdx.y + 1;
    int j = blockIdx.x * blockDim.x + threadIdx.x + 1;
    if (i < N - 1 && j < N - 1) {
        v[i][j] = 0.25f * (u[i - 1][j] + u[i + 1][j] + u[i][j - 1] + u[i][j + 1]);
        atomicMax(change, __float_as_int(fabsf(v[i][j] - u[i][j])));
    }
}

int main()
{
    static float u[N][N], w[N][N], got[N][N];
    for (int j = 0; j < N; j++) u[0][j] = 100.0f;
    float(*du)[N], (*dv)[N];
    int *d_change, bits = 0, iterations = 0;
    cudaMalloc((void **)&du, sizeof u);
    cudaMalloc((void **)&dv, sizeof u);
    cudaMalloc((void **)&d_change, sizeof(int));
    cudaMemcpy(du, u, sizeof u, cudaMemcpyHostToDevice);
    cudaMemcpy(dv, u, sizeof u, cudaMemcpyHostToDevice);
    dim3 block(16, 16), grid(2, 2);
    float change = 1e9f;
    while (change > 1.0f) {
        cudaMemset(d_change, 0, sizeof(int));
        sweep<<<grid, block>>>(du, dv, d_change);
        cudaMemcpy(&bits, d_change, sizeof bits, cudaMemcpyDeviceToHost);
        memcpy(&change, &bits, sizeof change);
        float(*t)[N] = du;
        du = dv;
        dv = t;
        iterations++;
    }
    cudaMemcpy(got, du, sizeof got, cudaMemcpyDeviceToHost);
    memcpy(w, u, sizeof u);
    for (int k = 0; k < iterations; k++) {
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++) w[i][j] = 0.25f * (u[i - 1][j] + u[i + 1][j] + u[i][j - 1] + u[i][j + 1]);
        memcpy(u, w, sizeof u);
    }
    float worst = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) worst = fmaxf(worst, fabsf(got[i][j] - u[i][j]));
    cudaFree(du), cudaFree(dv), cudaFree(d_change);
    printf("%s jacobi %d iterations\n", worst < 1e-4f ? "ok" : "FAILED", iterations);
    return worst < 1e-4f ? 0 : 1;
}
