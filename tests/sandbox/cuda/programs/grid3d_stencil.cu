// Seven-point stencil on a 3D grid of 3D blocks, double buffered by swapping pointers on the host.
#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#define IDX(x, y, z) ((x) + nx * ((y) + ny * (z)))

__global__ void step(const double *__restrict__ in, double *__restrict__ out, int nx, int ny, int nz)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    int z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x >= nx || y >= ny || z >= nz) return;
    if (x == 0 || y == 0 || z == 0 || x == nx - 1 || y == ny - 1 || z == nz - 1) {
        out[IDX(x, y, z)] = in[IDX(x, y, z)];
        return;
    }
    out[IDX(x, y, z)] = 0.5 * in[IDX(x, y, z)] + 0.0625 * (in[IDX(x - 1, y, z)] + in[IDX(x + 1, y, z)] + in[IDX(x, y - 1, z)]
                        + in[IDX(x, y + 1, z)] + in[IDX(x, y, z - 1)] + in[IDX(x, y, z + 1)]);
}

int main()
{
    const int nx = 19, ny = 14, nz = 9, steps = 4;
    const size_t bytes = sizeof(double) * nx * ny * nz;
    std::vector<double> a(nx * ny * nz), b(a), got(a);
    for (size_t i = 0; i < a.size(); i++) a[i] = (i * 7919) % 64;
    double *d0, *d1;
    cudaMalloc(&d0, bytes);
    cudaMalloc(&d1, bytes);
    cudaMemcpy(d0, a.data(), bytes, cudaMemcpyHostToDevice);
    dim3 block(8, 4, 4), grid((nx + 7) / 8, (ny + 3) / 4, (nz + 3) / 4);
    for (int s = 0; s < steps; s++) {
        step<<<grid, block>>>(d0, d1, nx, ny, nz);
        std::swap(d0, d1);
    }
    cudaMemcpy(got.data(), d0, bytes, cudaMemcpyDeviceToHost);
    for (int s = 0; s < steps; s++) {
        b = a;
        for (int z = 1; z < nz - 1; z++)
            for (int y = 1; y < ny - 1; y++)
                for (int x = 1; x < nx - 1; x++)
                    b[IDX(x, y, z)] = 0.5 * a[IDX(x, y, z)] + 0.0625 * (a[IDX(x - 1, y, z)] + a[IDX(x + 1, y, z)] + a[IDX(x, y - 1, z)]
                                      + a[IDX(x, y + 1, z)] + a[IDX(x, y, z - 1)] + a[IDX(x, y, z + 1)]);
        std::swap(a, b);
    }
    double worst = 0;
    for (size_t i = 0; i < a.size(); i++) worst = std::max(worst, a[i] > got[i] ? a[i] - got[i] : got[i] - a[i]);
    cudaFree(d0);
    cudaFree(d1);
    printf("%s grid3d_stencil\n", worst < 1e-10 ? "ok" : "FAILED");
    return worst < 1e-10 ? 0 : 1;
}
