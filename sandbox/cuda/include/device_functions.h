// Barriers, exchanges between lanes, and the other functions of device code that are no arithmetic.
#pragma once

#include "hpcraft_cuda/block_functions.h"
#include "hpcraft_cuda/warp_functions.h"
