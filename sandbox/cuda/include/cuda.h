// What programs take from the header of the driver's interface when they use the runtime's only. The interface itself is not emulated.
#pragma once

#include "cuda_runtime.h"

#define CUDA_VERSION 12040
