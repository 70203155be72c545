// HIP's complex numbers under CUDA's names.
#pragma once

#include "cuComplex.h"
#include "hip/hip_runtime.h"

#define hipFloatComplex cuFloatComplex
#define make_hipFloatComplex make_cuFloatComplex
#define hipCrealf cuCrealf
#define hipCimagf cuCimagf
#define hipConjf cuConjf
#define hipCaddf cuCaddf
#define hipCsubf cuCsubf
#define hipCmulf cuCmulf
#define hipCdivf cuCdivf
#define hipCabsf cuCabsf
#define hipCfmaf cuCfmaf

#define hipDoubleComplex cuDoubleComplex
#define make_hipDoubleComplex make_cuDoubleComplex
#define hipCreal cuCreal
#define hipCimag cuCimag
#define hipConj cuConj
#define hipCadd cuCadd
#define hipCsub cuCsub
#define hipCmul cuCmul
#define hipCdiv cuCdiv
#define hipCabs cuCabs
#define hipCfma cuCfma

#define hipComplex cuComplex
#define make_hipComplex make_cuComplex
#define hipComplexFloatToDouble cuComplexFloatToDouble
#define hipComplexDoubleToFloat cuComplexDoubleToFloat

static inline float hipCsqabsf(hipFloatComplex z) { return z.x * z.x + z.y * z.y; }
static inline double hipCsqabs(hipDoubleComplex z) { return z.x * z.x + z.y * z.y; }
