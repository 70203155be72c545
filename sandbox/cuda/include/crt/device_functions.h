// What device code calls.
#pragma once

#include "cuda_runtime.h"
