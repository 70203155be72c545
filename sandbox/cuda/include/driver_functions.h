// make_cudaPitchedPtr and the like.
#pragma once

#include "cuda_runtime.h"
