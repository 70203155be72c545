// Complex numbers as pairs.
#pragma once

#include <cmath>

#include "vector_types.h"

typedef float2 cuFloatComplex;
static inline cuFloatComplex make_cuFloatComplex(float r, float i) { return cuFloatComplex{r, i}; }
static inline float cuCrealf(cuFloatComplex z) { return z.x; }
static inline float cuCimagf(cuFloatComplex z) { return z.y; }
static inline cuFloatComplex cuConjf(cuFloatComplex z) { return cuFloatComplex{z.x, -z.y}; }
static inline cuFloatComplex cuCaddf(cuFloatComplex a, cuFloatComplex b) { return cuFloatComplex{a.x + b.x, a.y + b.y}; }
static inline cuFloatComplex cuCsubf(cuFloatComplex a, cuFloatComplex b) { return cuFloatComplex{a.x - b.x, a.y - b.y}; }
static inline cuFloatComplex cuCmulf(cuFloatComplex a, cuFloatComplex b) { return cuFloatComplex{a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x}; }
static inline cuFloatComplex cuCdivf(cuFloatComplex a, cuFloatComplex b) {
    const float scale = 1 / (std::fabs(b.x) + std::fabs(b.y));  // neither overflows nor underflows before it must
    const float ax = a.x * scale, ay = a.y * scale, bx = b.x * scale, by = b.y * scale, whole = 1 / (bx * bx + by * by);
    return cuFloatComplex{(ax * bx + ay * by) * whole, (ay * bx - ax * by) * whole};
}
static inline float cuCabsf(cuFloatComplex z) { return std::hypot(z.x, z.y); }
static inline cuFloatComplex cuCfmaf(cuFloatComplex a, cuFloatComplex b, cuFloatComplex c) {
    return cuFloatComplex{a.x * b.x + c.x - a.y * b.y, a.y * b.x + (a.x * b.y + c.y)};
}

typedef double2 cuDoubleComplex;
static inline cuDoubleComplex make_cuDoubleComplex(double r, double i) { return cuDoubleComplex{r, i}; }
static inline double cuCreal(cuDoubleComplex z) { return z.x; }
static inline double cuCimag(cuDoubleComplex z) { return z.y; }
static inline cuDoubleComplex cuConj(cuDoubleComplex z) { return cuDoubleComplex{z.x, -z.y}; }
static inline cuDoubleComplex cuCadd(cuDoubleComplex a, cuDoubleComplex b) { return cuDoubleComplex{a.x + b.x, a.y + b.y}; }
static inline cuDoubleComplex cuCsub(cuDoubleComplex a, cuDoubleComplex b) { return cuDoubleComplex{a.x - b.x, a.y - b.y}; }
static inline cuDoubleComplex cuCmul(cuDoubleComplex a, cuDoubleComplex b) { return cuDoubleComplex{a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x}; }
static inline cuDoubleComplex cuCdiv(cuDoubleComplex a, cuDoubleComplex b) {
    const double scale = 1 / (std::fabs(b.x) + std::fabs(b.y));  // neither overflows nor underflows before it must
    const double ax = a.x * scale, ay = a.y * scale, bx = b.x * scale, by = b.y * scale, whole = 1 / (bx * bx + by * by);
    return cuDoubleComplex{(ax * bx + ay * by) * whole, (ay * bx - ax * by) * whole};
}
static inline double cuCabs(cuDoubleComplex z) { return std::hypot(z.x, z.y); }
static inline cuDoubleComplex cuCfma(cuDoubleComplex a, cuDoubleComplex b, cuDoubleComplex c) {
    return cuDoubleComplex{a.x * b.x + c.x - a.y * b.y, a.y * b.x + (a.x * b.y + c.y)};
}

typedef cuFloatComplex cuComplex;
static inline cuComplex make_cuComplex(float r, float i) { return cuComplex{r, i}; }
static inline cuDoubleComplex cuComplexFloatToDouble(cuFloatComplex z) { return cuDoubleComplex{z.x, z.y}; }
static inline cuFloatComplex cuComplexDoubleToFloat(cuDoubleComplex z) { return cuFloatComplex{static_cast<float>(z.x), static_cast<float>(z.y)}; }
