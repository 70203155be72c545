// The types of the API.
#pragma once

#include "cuda_runtime.h"
