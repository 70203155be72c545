// Copies by all threads of a group. They are done at once; what makes them visible to the others is `wait`.
#pragma once

#include "cooperative_groups.h"

namespace hpcraft_cuda::groups {

// In pieces that compilers turn into loads and stores, so that checks see them.
inline void copy_bytes(char *to, const char *from, std::size_t bytes, std::size_t rank, std::size_t ranks) {
    constexpr std::size_t piece = 16;
    for (std::size_t at = rank * piece; at < bytes; at += ranks * piece) {
        if (bytes - at >= piece) {
            __builtin_memcpy(to + at, from + at, piece);
            continue;
        }
        for (std::size_t i = at; i < bytes; ++i) to[i] = from[i];
    }
}

}  // namespace hpcraft_cuda::groups

namespace cuda {
template <std::size_t ALIGNMENT>
struct aligned_size_t {
    std::size_t value;
    constexpr explicit aligned_size_t(std::size_t bytes) : value(bytes) {}
    constexpr operator std::size_t() const { return value; }
};
}  // namespace cuda

namespace cooperative_groups {

template <class Group, class To, class From, class Bytes>
inline void memcpy_async(const Group &group, To *to, const From *from, const Bytes &bytes) {
    ::hpcraft_cuda::groups::copy_bytes(
        reinterpret_cast<char *>(to), reinterpret_cast<const char *>(from), static_cast<std::size_t>(bytes), group.thread_rank(), group.size());
}
// Counted in elements: as many as both sides have.
template <class Group, class T, class ToCount, class FromCount>
inline void memcpy_async(const Group &group, T *to, const ToCount &to_count, const T *from, const FromCount &from_count) {
    const std::size_t a = static_cast<std::size_t>(to_count), b = static_cast<std::size_t>(from_count);
    memcpy_async(group, to, from, (a < b ? a : b) * sizeof(T));
}
template <class Group>
inline void wait(const Group &group, HPCRAFT_CUDA_HERE) {
    group.sync(hpcraft_file, hpcraft_line);
}
template <unsigned int STAGES, class Group>
inline void wait_prior(const Group &group, HPCRAFT_CUDA_HERE) {
    group.sync(hpcraft_file, hpcraft_line);
}

}  // namespace cooperative_groups
