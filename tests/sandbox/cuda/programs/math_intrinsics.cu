// Floating-point functions: libm's single and double precision, fast intrinsics, rounding modes, bit casts.
#include <cmath>
#include <cstdio>
#include <cuda_runtime.h>
#include <math_constants.h>

struct Check {
    double got, want, tolerance;
};

__device__ int used = 0;

__device__ void put(Check *c, double got, double want, double tolerance = 1e-6)
{
    c[used++] = {got, want, tolerance};
}

__global__ void run(Check *c, float x, double d)
{
    put(c, __sinf(x), sin(d), 1e-5), put(c, __cosf(x), cos(d), 1e-5), put(c, __expf(x), exp(d), 1e-5), put(c, __logf(x), log(d), 1e-5);
    put(c, __powf(x, 2.5f), pow(d, 2.5), 1e-4), put(c, __fdividef(x, 3.0f), d / 3, 1e-5), put(c, __log2f(x), log2(d), 1e-5), put(c, __log10f(x), log10(d), 1e-5);
    put(c, rsqrtf(x), 1 / sqrt(d)), put(c, rsqrt(d), 1 / sqrt(d), 1e-14), put(c, __frsqrt_rn(x), 1 / sqrt(d)), put(c, __frcp_rn(x), 1 / d), put(c, __fsqrt_rn(x), sqrt(d));
    put(c, __fadd_rn(x, 1.0f), d + 1), put(c, __fmul_rn(x, 3.0f), d * 3), put(c, __fmaf_rn(x, x, 1.0f), d * d + 1), put(c, __fma_rn(d, d, 1.0), d * d + 1, 1e-14);
    put(c, __dadd_rn(d, 1.0), d + 1, 1e-14), put(c, __dmul_rn(d, d), d * d, 1e-14), put(c, __ddiv_rn(d, 3), d / 3, 1e-14), put(c, __dsqrt_rn(d), sqrt(d), 1e-14);
    put(c, __saturatef(1.5f), 1), put(c, __saturatef(-0.5f), 0), put(c, fminf(x, 1.0f), 1), put(c, fmaxf(x, 2.0f), 2), put(c, fdimf(x, 1.0f), d - 1);
    put(c, expm1f(x), expm1(d), 1e-6), put(c, log1pf(x), log1p(d)), put(c, exp2f(x), exp2(d)), put(c, exp10f(x), pow(10.0, d), 1e-5), put(c, cbrtf(x), cbrt(d));
    put(c, erff(x), erf(d)), put(c, erfcf(x), erfc(d), 1e-5), put(c, tgammaf(x), tgamma(d), 1e-5), put(c, lgammaf(x), lgamma(d), 1e-5), put(c, hypotf(3.0f, 4.0f), 5);
    put(c, sinpif(0.5f), 1), put(c, cospi(1.0), -1), put(c, normcdf(0.0), 0.5), put(c, rhypotf(3.0f, 4.0f), 0.2), put(c, norm3d(2, 3, 6), 7), put(c, erfinv(0.0), 0);
    float s, co;
    sincosf(x, &s, &co);
    put(c, s * s + co * co, 1);
    __sincosf(x, &s, &co);
    put(c, s * s + co * co, 1, 1e-5);
    double ds, dc;
    sincos(d, &ds, &dc);
    put(c, ds / dc, tan(d), 1e-13);
    put(c, floorf(-1.5f), -2), put(c, ceil(1.2), 2), put(c, truncf(-1.7f), -1), put(c, rintf(2.5f), 2), put(c, roundf(2.5f), 3), put(c, fmodf(7.5f, 2.0f), 1.5);
    put(c, __float2int_rn(2.5f), 2), put(c, __float2int_rz(-2.7f), -2), put(c, __float2int_ru(2.1f), 3), put(c, __float2int_rd(-2.1f), -3), put(c, __double2int_rn(3.5), 4);
    put(c, __int_as_float(0x3f800000), 1), put(c, __float_as_int(2.0f), 0x40000000), put(c, __float_as_uint(-0.0f), 2147483648.0), put(c, __uint2float_rn(7u), 7);
    put(c, __double2hiint(1.0), 0x3ff00000), put(c, __double2loint(1.0), 0), put(c, __hiloint2double(0x40000000, 0), 2), put(c, __longlong_as_double(__double_as_longlong(d)), d, 0);
    put(c, isnan(CUDART_NAN_F), 1), put(c, isinf(CUDART_INF), 1), put(c, isfinite(x), 1), put(c, signbit(-x) != 0, 1), put(c, CUDART_PI_F, 3.14159265, 1e-6);
    put(c, copysignf(2.0f, -1.0f), -2), put(c, ldexpf(x, 3), d * 8), put(c, nextafterf(1.0f, 2.0f) > 1.0f, 1), put(c, fabs(-d), d), put(c, abs(-5), 5), put(c, min(3, 2), 2);
    put(c, max(2.5f, x), 2.5), put(c, max(3ll, 4ll), 4), put(c, min(2u, 3u), 2), put(c, __fadd_ru(1.0f, 1e-20f) > 1.0f, 1), put(c, __fadd_rz(1.0f, 1e-20f) == 1.0f, 1);
}

int main()
{
    Check c[128], *d;
    int n = 0, bad = 0;
    cudaMalloc(&d, sizeof c);
    run<<<1, 1>>>(d, 1.75f, 1.75);
    if (cudaMemcpyFromSymbol(&n, used, sizeof n) != cudaSuccess) return 1;
    cudaMemcpy(c, d, n * sizeof(Check), cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++)
        if (!(std::fabs(c[i].got - c[i].want) <= c[i].tolerance * (1 + std::fabs(c[i].want)))) {
            printf("check %d: %.9g, not %.9g\n", i, c[i].got, c[i].want);
            bad++;
        }
    cudaFree(d);
    printf("%s math_intrinsics %d\n", bad ? "FAILED" : "ok", n);
    return bad != 0;
}
