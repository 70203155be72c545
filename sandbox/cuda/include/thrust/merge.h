// With the policies: programs count on it that CUDA's own backend brings them along.
#pragma once

#include_next <thrust/merge.h>
#include <thrust/execution_policy.h>
