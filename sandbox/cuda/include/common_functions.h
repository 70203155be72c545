// What both sides may call.
#pragma once

#include "cuda_runtime.h"
