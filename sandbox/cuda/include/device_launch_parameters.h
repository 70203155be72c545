// threadIdx, blockIdx, blockDim, gridDim and warpSize.
#pragma once

#include "hpcraft_cuda/state.h"
