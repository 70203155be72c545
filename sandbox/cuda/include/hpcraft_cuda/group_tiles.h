// Tiles of 1 to 32 lanes, the lanes that run together, and how groups are divided.
#pragma once

#include "hpcraft_cuda/group_types.h"

namespace cooperative_groups {

template <unsigned int Size, class Parent = void>
class thread_block_tile;

template <unsigned int Size>
class thread_block_tile<Size, void> : public hpcraft_lanes {
    static_assert(Size && Size <= 32 && !(Size & (Size - 1)), "a tile has 1, 2, 4, 8, 16 or 32 threads here");

public:
    template <class T>
    T shfl_xor(T value, unsigned int bits, HPCRAFT_CUDA_HERE) const {
        return take(value, thread_rank() ^ bits, HPCRAFT_CUDA_THERE);
    }
    static constexpr unsigned int size() { return Size; }
    static constexpr unsigned int num_threads() { return Size; }
    static unsigned int thread_rank() { return ::hpcraft_cuda::linear_thread() % Size; }
    unsigned int meta_group_rank() const { return meta_rank_; }
    unsigned int meta_group_size() const { return meta_size_; }

protected:
    thread_block_tile(unsigned meta_rank, unsigned meta_size)
        : hpcraft_lanes((~0u >> (32 - Size)) << (::hpcraft_cuda::lane() & ~(Size - 1))), meta_rank_(meta_rank), meta_size_(meta_size) {}

private:
    unsigned meta_rank_, meta_size_;
};

template <unsigned int Size, class Parent>
class thread_block_tile : public thread_block_tile<Size, void> {
    using thread_block_tile<Size, void>::thread_block_tile;
    template <unsigned int TileSize>
    friend thread_block_tile<TileSize, thread_block> tiled_partition(const thread_block &);
    template <unsigned int TileSize, unsigned int ParentSize, class Grand>
    friend thread_block_tile<TileSize, thread_block_tile<ParentSize, Grand>> tiled_partition(const thread_block_tile<ParentSize, Grand> &);
};

class coalesced_group : public hpcraft_lanes {
public:
    unsigned int size() const { return static_cast<unsigned>(__builtin_popcount(mask_)); }
    unsigned int num_threads() const { return size(); }
    unsigned int thread_rank() const { return rank(); }
    unsigned int meta_group_rank() const { return meta_rank_; }
    unsigned int meta_group_size() const { return meta_size_; }

private:
    explicit coalesced_group(unsigned mask, unsigned meta_rank = 0, unsigned meta_size = 1)
        : hpcraft_lanes(mask), meta_rank_(meta_rank), meta_size_(meta_size) {}
    unsigned meta_rank_, meta_size_;
    friend coalesced_group coalesced_threads(const char *, int);
    friend coalesced_group tiled_partition(const coalesced_group &, unsigned int);
    template <class Group, class Label>
    friend coalesced_group hpcraft_parts(const Group &, Label, ::hpcraft_cuda::Where);
};

inline coalesced_group coalesced_threads(HPCRAFT_CUDA_HERE) { return coalesced_group(::hpcraft_cuda::active_mask(HPCRAFT_CUDA_THERE)); }

template <unsigned int Size>
inline thread_block_tile<Size, thread_block> tiled_partition(const thread_block &block) {
    return {block.thread_rank() / Size, (block.size() + Size - 1) / Size};
}
template <unsigned int Size, unsigned int ParentSize, class Grand>
inline thread_block_tile<Size, thread_block_tile<ParentSize, Grand>> tiled_partition(const thread_block_tile<ParentSize, Grand> &parent) {
    static_assert(Size <= ParentSize, "a tile is no larger than what it is a part of");
    return {parent.thread_rank() / Size, ParentSize / Size};
}
// The lanes of a group in runs of `size` ranks.
inline thread_group tiled_partition(const thread_group &group, unsigned int size) {
    using ::hpcraft_cuda::groups::Extent;
    const unsigned lanes = group.extent_ == Extent::lanes ? group.mask_ : ~0u;
    const unsigned rank = static_cast<unsigned>(__builtin_popcount(lanes & (::hpcraft_cuda::lane_bit() - 1)));
    unsigned mask = 0, at = 0;
    for (unsigned rest = lanes; rest; rest &= rest - 1, ++at)
        if (at / size == rank / size) mask |= rest & -rest;
    return thread_group(Extent::lanes, mask);
}
inline coalesced_group tiled_partition(const coalesced_group &group, unsigned int size) {
    unsigned mask = 0, at = 0;
    for (unsigned rest = group.hpcraft_mask(); rest; rest &= rest - 1, ++at)
        if (at / size == group.thread_rank() / size) mask |= rest & -rest;
    return coalesced_group(mask, group.thread_rank() / size, (group.size() + size - 1) / size);
}

// The lanes of a group that bring the same label.
template <class Group, class Label>
inline coalesced_group hpcraft_parts(const Group &group, Label label, ::hpcraft_cuda::Where where) {
    const unsigned same = group.match_any(label, where.file, where.line), first = __builtin_ctz(same);
    const unsigned leaders = group.ballot(group.thread_rank() == first, where.file, where.line);
    unsigned mask = 0, at = 0;
    for (unsigned rest = group.hpcraft_mask(); rest; rest &= rest - 1, ++at)
        if (same >> at & 1) mask |= rest & -rest;
    const unsigned before = static_cast<unsigned>(__builtin_popcount(leaders & ((1u << first) - 1)));
    return coalesced_group(mask, before, static_cast<unsigned>(__builtin_popcount(leaders)));
}
template <class Group, class Label>
inline coalesced_group labeled_partition(const Group &group, Label label, HPCRAFT_CUDA_HERE) {
    return hpcraft_parts(group, label, HPCRAFT_CUDA_THERE);
}
template <class Group>
inline coalesced_group binary_partition(const Group &group, bool predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_parts(group, predicate, HPCRAFT_CUDA_THERE);
}

template <class Group>
inline void sync(const Group &group, HPCRAFT_CUDA_HERE) {
    group.sync(hpcraft_file, hpcraft_line);
}
template <class Group>
inline auto thread_rank(const Group &group) {
    return group.thread_rank();
}
template <class Group>
inline auto group_size(const Group &group) {
    return group.size();
}

// One thread of the group calls it.
template <class Group, class Call, class... Values>
inline void invoke_one(const Group &group, Call &&call, Values &&...values) {
    if (group.thread_rank() == 0) std::forward<Call>(call)(std::forward<Values>(values)...);
}
template <class Group, class Call, class... Values>
inline auto invoke_one_broadcast(const Group &group, Call &&call, Values &&...values) {
    decltype(call(values...)) result{};
    if (group.thread_rank() == 0) result = std::forward<Call>(call)(std::forward<Values>(values)...);
    return group.shfl(result, 0);
}

}  // namespace cooperative_groups
