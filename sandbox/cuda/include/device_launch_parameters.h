// threadIdx, blockIdx, blockDim, gridDim and warpSize.
#pragma once

#define __DEVICE_LAUNCH_PARAMETERS_H__  // other headers ask for it

#include "hpcraft_cuda/state.h"
