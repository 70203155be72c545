// Halves and pairs of halves: types, conversions, arithmetic, comparisons, functions, operators. Results are rounded once, to the nearest unless
// a name says otherwise; a NaN that arithmetic gives is 0x7fff.
#pragma once

#define __CUDA_FP16_H__  // other headers ask for it

#include "cuda_runtime.h"
#include "hpcraft_cuda/small_floats.h"

#define HPCRAFT_T __half
#define HPCRAFT_P __half2
#define HPCRAFT_NAME half
#define HPCRAFT_FORMAT ::hpcraft_cuda::HalfFormat
#define HPCRAFT_OTHER __nv_bfloat16
#include "hpcraft_cuda/small_float_type.h"
#include "hpcraft_cuda/small_float_functions.h"
#undef HPCRAFT_OTHER
#undef HPCRAFT_FORMAT
#undef HPCRAFT_NAME
#undef HPCRAFT_P
#undef HPCRAFT_T

typedef __half half;
typedef __half2 half2;
typedef __half nv_half;
typedef __half2 nv_half2;
typedef __half __nv_half;
typedef __half2 __nv_half2;
typedef __half_raw __nv_half_raw;
typedef __half2_raw __nv_half2_raw;
