// The part of the API that device code may call.
#pragma once

#include "cuda_runtime.h"
