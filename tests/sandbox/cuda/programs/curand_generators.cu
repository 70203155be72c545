// XORWOW, Philox and MRG32k3a: ranges, moments, sequences that differ, offsets that skip.
#include <cmath>
#include <cstdio>
#include <curand_kernel.h>

template <typename State>
__global__ void moments(double *out, int n)
{
    State s;
    curand_init(99, threadIdx.x, 0, &s);
    double mean = 0, square = 0, uniform = 0, low = 1, high = 0;
    for (int i = 0; i < n; i++) {
        double g = curand_normal(&s);
        mean += g;
        square += g * g;
        double u = curand_uniform_double(&s);
        uniform += u;
        low = fmin(low, u);
        high = fmax(high, u);
    }
    double *mine = out + 5 * threadIdx.x;
    mine[0] = mean, mine[1] = square, mine[2] = uniform, mine[3] = low, mine[4] = high;
}

__global__ void skipping(unsigned *out)
{
    curandStatePhilox4_32_10_t a, b;
    curand_init(5, 1, 0, &a);
    curand_init(5, 1, 8, &b);
    for (int i = 0; i < 8; i++) curand(&a);
    out[0] = curand(&a) == curand(&b);
    curandStateXORWOW_t x, y;
    curand_init(5, 0, 0, &x);
    curand_init(5, 0, 3, &y);
    curand(&x), curand(&x), curand(&x);
    out[1] = curand(&x) == curand(&y);
    curand_init(6, 0, 0, &y);
    out[2] = curand(&x) != curand(&y);
    float4 f = curand_uniform4(&a);
    out[3] = f.x > 0 && f.x <= 1 && f.y > 0 && f.y <= 1 && f.z > 0 && f.z <= 1 && f.w > 0 && f.w <= 1;
    float2 g = curand_normal2(&x);
    out[4] = fabsf(g.x) < 8 && fabsf(g.y) < 8;
}

template <typename State>
bool test()
{
    const int threads = 32, n = 200;
    double h[5 * threads], *d, sum[3] = {};
    cudaMalloc(&d, sizeof h);
    moments<State><<<1, threads>>>(d, n);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    cudaFree(d);
    bool good = true;
    for (int t = 0; t < threads; t++) {
        for (int k = 0; k < 3; k++) sum[k] += h[5 * t + k] / (threads * n);
        good = good && h[5 * t + 3] > 0 && h[5 * t + 4] <= 1 && h[5 * t + 3] < 0.1 && h[5 * t + 4] > 0.9;
    }
    return good && std::fabs(sum[0]) < 0.06 && std::fabs(sum[1] - 1) < 0.1 && std::fabs(sum[2] - 0.5) < 0.02;
}

int main()
{
    unsigned h[5], *d;
    cudaMalloc(&d, sizeof h);
    skipping<<<1, 1>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    cudaFree(d);
    bool good = test<curandStateXORWOW_t>() && test<curandStatePhilox4_32_10_t>() && test<curandStateMRG32k3a_t>();
    for (int i = 0; i < 5; i++) good = good && h[i];
    printf("%s curand_generators\n", good ? "ok" : "FAILED");
    return good ? 0 : 1;
}
