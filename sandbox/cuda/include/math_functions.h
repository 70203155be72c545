// CUDA's mathematical functions and the intrinsics that need no other thread.
#pragma once

#include "hpcraft_cuda/device_library.h"
