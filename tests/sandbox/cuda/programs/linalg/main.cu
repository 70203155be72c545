#include <cstdio>

#include "vector.cuh"

__global__ void invert(float *v, int n)
{
    int i = threadIdx.x;
    if (i < n) v[i] = blend(-v[i], 0.0f);
}

int main()
{
    const int n = 50;
    float x[n], y[n], got[n], a = 0.25f, largest = 0;
    for (int i = 0; i < n; i++) x[i] = 4 * i, y[i] = 64 - i;
    DeviceVector<float> dx(x, n), dy(y, n);
    cudaMemcpyToSymbol(alpha, &a, sizeof a);
    blend_kernel<<<2, 32>>>(dx.get(), dy.get(), n);
    normalise(dy);
    invert<<<1, 64>>>(dy.get(), n);
    dy.copy_to(got);
    for (int i = 0; i < n; i++) {
        y[i] = a * x[i] + (1 - a) * y[i];
        largest = y[i] > largest ? y[i] : largest;
    }
    for (int i = 0; i < n; i++) {
        float error = got[i] + a * (y[i] / largest);
        if (error > 1e-6f || error < -1e-6f) return printf("%d: %f\n", i, got[i]), 1;
    }
    printf("ok linalg %.2f\n", largest);
    return 0;
}
