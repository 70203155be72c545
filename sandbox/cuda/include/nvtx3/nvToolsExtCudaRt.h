// Names of streams, events and devices for profilers.
#pragma once

#include "../nvToolsExtCudaRt.h"
