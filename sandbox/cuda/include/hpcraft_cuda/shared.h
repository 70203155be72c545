// The storage of `__shared__` variables. The translator turns `__shared__ float tile[16][17];` into
//     typedef float hpcraft_t_tile[16][17]; struct hpcraft_s_tile; hpcraft_t_tile &tile =
//         ::hpcraft_cuda::shared<hpcraft_t_tile, hpcraft_s_tile>("tile", __FILE__, __LINE__);
// so that every declarator and every dependent type stays what it was. The local tag keeps instantiations of a template apart.
#pragma once

#include "hpcraft_cuda/state.h"

namespace hpcraft_cuda {

template <class T, class Tag, std::size_t Align = 1>
inline T &shared(const char *name, const char *file, int line) {
    static thread_local SharedSlot slot;
    if (__builtin_expect(slot.epoch != current.epoch, 0)) enter_shared(slot, sizeof(T), Align > alignof(T) ? Align : alignof(T), name, {file, line});
    return *static_cast<T *>(slot.address);
}

// `extern __shared__ T name[];`: every such name is the start of the same memory.
template <class T>
inline T &dynamic_shared() {
    return *reinterpret_cast<T *>(current.dynamic);
}

}  // namespace hpcraft_cuda
