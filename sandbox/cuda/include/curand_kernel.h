// cuRAND's generators for device code: XORWOW (curandState), Philox4x32-10 and MRG32k3a. The host's API (curand.h), the
// quasi-random sequences and MTGP32 aren't emulated.
#pragma once

#define CURAND_KERNEL_H_  // other headers ask for it

#include "cuda_runtime.h"
#include "hpcraft_cuda/random_distributions.h"
