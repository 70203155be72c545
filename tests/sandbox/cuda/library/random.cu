// cuRAND's generators: first numbers that are published, skips against single steps, and moments.
#include <cstdio>
#include <curand_kernel.h>

template <class State> __device__ int skips_right()
{
    State a, b;
    curand_init(5, 3, 1001, &a);
    curand_init(5, 3, 0, &b);
    for (int i = 0; i < 1001; i++) curand(&b);
    for (int i = 0; i < 10; i++)
        if (curand(&a) != curand(&b)) return 0;
    return 1;
}

__global__ void first(float *out)
{
    curandState state;
    curand_init(1234, threadIdx.x, 0, &state);
    out[threadIdx.x] = curand_uniform(&state);
}

__global__ void rest()
{
    uint4 v = curand_Philox4x32_10(make_uint4(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), make_uint2(0xa4093822, 0x299f31d0));
    printf("%08x %08x %08x %08x\n", v.x, v.y, v.z, v.w);
    curandStateMRG32k3a_t mrg;
    curand_init(0, 0, 0, &mrg);
    printf("%.15f\n", curand_uniform_double(&mrg));
    printf("%d %d %d\n", skips_right<curandState>(), skips_right<curandStatePhilox4_32_10_t>(), skips_right<curandStateMRG32k3a_t>());
    curandStatePhilox4_32_10_t state;
    curand_init(7, 0, 0, &state);
    for (double mean : {2.0, 50.0}) {
        double sum = 0, squares = 0;
        for (int i = 0; i < 20000; i++) {
            double x = curand_poisson(&state, mean) - mean;
            sum += x, squares += x * x;
        }
        printf("%d %d\n", fabs(sum / 20000) < 0.03 * sqrt(mean), fabs(squares / 20000 / mean - 1) < 0.05);
    }
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        double x = i % 2 ? curand_normal(&state) : curand_normal_double(&state);
        sum += x, squares += x * x;
    }
    printf("%d %d\n", fabs(sum / 20000) < 0.03, fabs(squares / 20000 - 1) < 0.05);
}

int main()
{
    float *out;
    cudaMallocManaged(&out, 10 * sizeof(float));
    first<<<1, 10>>>(out);
    cudaDeviceSynchronize();
    for (int i = 0; i < 10; i++) printf("%.4f%c", out[i], i < 9 ? ' ' : '\n');
    rest<<<1, 1>>>();
    return cudaDeviceSynchronize();
}
