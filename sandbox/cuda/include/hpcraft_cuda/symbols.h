// `__device__`, `__constant__` and `__managed__` variables: ordinary variables that the runtime knows by name and extent.
#pragma once

#include <cstddef>

namespace hpcraft_cuda {

enum class Space : unsigned char { device, constant, managed };

struct Symbol {
    const void *address;
    std::size_t size;
    const char *name;
    Space space;
    Symbol *next;
    Symbol(const volatile void *at, std::size_t bytes, const char *called, Space where);
};

}  // namespace hpcraft_cuda
