#include <cuda_runtime.h>

#define BLOCK 128

struct Body {
    double x, y, z, mass;
};

/* The bodies pass through shared memory, a tile at a time. */
__global__ void accelerations(int n, double eps2, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    __shared__ Body tile[BLOCK];
    const int i = blockIdx.x * BLOCK + threadIdx.x;
    const double xi = i < n ? x[i] : 0.0, yi = i < n ? y[i] : 0.0, zi = i < n ? z[i] : 0.0;
    double3 sum = make_double3(0.0, 0.0, 0.0);
    for (int start = 0; start < n; start += BLOCK) {
        const int j = start + threadIdx.x;
        if (j < n) tile[threadIdx.x] = Body{x[j], y[j], z[j], mass[j]};
        __syncthreads();
        const int count = min(BLOCK, n - start);
        for (int k = 0; k < count; k++) {
            const double dx = tile[k].x - xi, dy = tile[k].y - yi, dz = tile[k].z - zi;
            const double d2 = dx * dx + dy * dy + dz * dz + eps2;
            const double w = tile[k].mass / (d2 * sqrt(d2));
            sum.x += w * dx;
            sum.y += w * dy;
            sum.z += w * dz;
        }
        __syncthreads();
    }
    if (i < n) {
        ax[i] = sum.x;
        ay[i] = sum.y;
        az[i] = sum.z;
    }
}

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    if (n <= 0) return;
    const size_t bytes = n * sizeof(double);
    const double *inputs[4] = {mass, x, y, z};
    double *outputs[3] = {ax, ay, az};
    double *device[7];
    for (int k = 0; k < 7; k++) cudaMalloc(&device[k], bytes);
    for (int k = 0; k < 4; k++) cudaMemcpy(device[k], inputs[k], bytes, cudaMemcpyHostToDevice);
    accelerations<<<(n + BLOCK - 1) / BLOCK, BLOCK>>>(n, softening * softening, device[0], device[1], device[2], device[3], device[4], device[5], device[6]);
    for (int k = 0; k < 3; k++) cudaMemcpy(outputs[k], device[4 + k], bytes, cudaMemcpyDeviceToHost);
    for (int k = 0; k < 7; k++) cudaFree(device[k]);
}
