// Storage for the `__shared__` variables of a block, given out when its first thread comes to them.

#include <algorithm>
#include <cstring>

#include "runtime.h"

namespace hpcraft_cuda {

void enter_shared(SharedSlot &slot, std::size_t size, std::size_t align, const char *name, Where where) {
    if (!on_device()) fault(Kind::host_access, where, "host code touches the shared variable %s", name);
    Block &block = *current.block;
    slot.epoch = block.epoch;
    for (const Block::Variable &known : block.variables)
        if (known.slot == &slot) return void(slot.address = known.address);
    std::size_t all = size;
    for (const Block::Variable &known : block.variables) all += known.size;
    if (all > SHARED_DEFAULT) fault(Kind::out_of_bounds, where, "__shared__ variables of %zu bytes in a kernel, which may have %zu", all, SHARED_DEFAULT);
    const auto room = static_cast<std::size_t>(block.dynamic - block.shared);
    auto behind = [&](std::size_t gap) { return (block.shared_used + gap + align - 1) / align * align; };
    // Checks keep variables apart, so that who misses one by its own size doesn't hit the next one.
    const std::size_t last = block.variables.empty() ? 0 : block.variables.back().size, gap = checker ? std::clamp<std::size_t>(last, 64, 8192) : 0;
    const std::size_t begin = behind(gap) + size > room ? behind(checker ? 64 : 0) : behind(gap);
    if (begin + size > room)
        fault(Kind::out_of_bounds, where, "shared variables of more than %zu bytes in one block", SHARED_CAPACITY);
    slot.address = block.shared + begin;
    block.shared_used = begin + size;
    std::memset(slot.address, POISON, size);
    block.variables.push_back({&slot, slot.address, size, name});
    if (checker) checker->shared_entered(block, block.variables.back());
}

}  // namespace hpcraft_cuda
