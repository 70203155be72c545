// Types that libraries share.
#pragma once

#include "cuda_runtime.h"
