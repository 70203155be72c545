// In CUDA a part of cuda_runtime.h, and so it is here.
#pragma once

#include "cuda_runtime.h"
