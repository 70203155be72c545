// A cooperative launch: Jacobi sweeps with grid.sync() between them, all in one kernel.
#include <cmath>
#include <cooperative_groups.h>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace cg = cooperative_groups;

__global__ void jacobi(double *a, double *b, int n, int sweeps, double *residual)
{
    cg::grid_group grid = cg::this_grid();
    for (int s = 0; s < sweeps; s++) {
        for (unsigned long long i = grid.thread_rank(); i < (unsigned long long)n; i += grid.size()) {
            bool edge = i == 0 || i == n - 1;
            b[i] = edge ? a[i] : 0.5 * (a[i - 1] + a[i + 1]);
        }
        grid.sync();
        double *t = a;
        a = b;
        b = t;
    }
    if (grid.thread_rank() == 0) {
        double r = 0;
        for (int i = 1; i < n - 1; i++) r = fmax(r, fabs(a[i] - 0.5 * (a[i - 1] + a[i + 1])));
        *residual = r;
    }
}

int main()
{
    int n = 257, sweeps = 10, supported = 0;
    cudaDeviceGetAttribute(&supported, cudaDevAttrCooperativeLaunch, 0);
    if (!supported) return puts("no cooperative launch"), 1;
    std::vector<double> x(n, 0.0), y(n), got(n);
    x[0] = 1, x[n - 1] = 2, x[100] = 8;
    double *a, *b, *r, residual;
    cudaMalloc(&a, n * sizeof(double));
    cudaMalloc(&b, n * sizeof(double));
    cudaMalloc(&r, sizeof(double));
    cudaMemcpy(a, x.data(), n * sizeof(double), cudaMemcpyHostToDevice);
    void *args[] = {&a, &b, &n, &sweeps, &r};
    cudaError_t e = cudaLaunchCooperativeKernel((void *)jacobi, dim3(4), dim3(64), args, 0, 0);
    if (e != cudaSuccess) return printf("%s\n", cudaGetErrorString(e)), 1;
    cudaMemcpy(got.data(), a, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(&residual, r, sizeof residual, cudaMemcpyDeviceToHost);
    for (int s = 0; s < sweeps; s++) {
        y = x;
        for (int i = 1; i < n - 1; i++) y[i] = 0.5 * (x[i - 1] + x[i + 1]);
        x = y;
    }
    double worst = 0, want = 0;
    for (int i = 0; i < n; i++) worst = std::fmax(worst, std::fabs(x[i] - got[i]));
    for (int i = 1; i < n - 1; i++) want = std::fmax(want, std::fabs(x[i] - 0.5 * (x[i - 1] + x[i + 1])));
    bool good = worst < 1e-14 && std::fabs(want - residual) < 1e-14;
    cudaFree(a), cudaFree(b), cudaFree(r);
    printf("%s cg_grid_jacobi %.6f\n", good ? "ok" : "FAILED", residual);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
