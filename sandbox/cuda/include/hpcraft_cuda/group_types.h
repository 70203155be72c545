// The groups of cooperative_groups.h. Lanes hand each other values by their addresses: while a lane waits, its stack stays as it
// is, so that a value of any type is exchanged in one meeting.
#pragma once

#include <type_traits>
#include <utility>

#include "hpcraft_cuda/state.h"
#include "hpcraft_cuda/unchecked.h"

namespace hpcraft_cuda::groups {

// What a lane brings to a meeting, and what it takes from it.
template <class T>
struct Offer {
    T value;
    unsigned number;  // a rank to take from, or the ranks that are told
    unsigned mask;    // of the group
    const void *with = nullptr;
};
// Copies of all of them by rank; `here` is false for lanes that have ended.
template <class T>
struct Meeting {
    unsigned count;
    const void *with;
    bool here[32];
    unsigned numbers[32];
    T values[32];
};

// Other lanes' stacks are nothing that a program's own accesses may reach.
template <class Work, class T>
HPCRAFT_CUDA_UNCHECKED inline void finish_meeting(Exchange &all) {
    Meeting<T> met;
    Offer<T> *offers[32] = {};
    met.count = 0;
    met.with = nullptr;
    for (unsigned rest = all.mask; rest; rest &= rest - 1) {
        auto *offer = reinterpret_cast<Offer<T> *>(static_cast<std::uintptr_t>(all.in[__builtin_ctz(rest)]));
        offers[__builtin_popcount(offer->mask & ((rest & -rest) - 1))] = offer;
        met.count = static_cast<unsigned>(__builtin_popcount(offer->mask));
        met.with = offer->with;
    }
    for (unsigned rank = 0; rank < met.count; ++rank) {
        met.here[rank] = offers[rank] != nullptr;
        if (offers[rank]) met.values[rank] = offers[rank]->value, met.numbers[rank] = offers[rank]->number;
    }
    Work::run(met);
    for (unsigned rank = 0; rank < met.count; ++rank)
        if (offers[rank]) offers[rank]->value = met.values[rank], offers[rank]->number = met.numbers[rank];
}

// All lanes of `own.mask` meet; what `Work::run` makes of their offers they take back.
template <class Work, class T>
inline void meet(Offer<T> &own, Where where) {
    if (on_device()) exchange(Op::tile, own.mask, reinterpret_cast<std::uintptr_t>(&own), 0, finish_meeting<Work, T>, where);
}

// A rank beyond the group, or of a lane that has ended, gives the own value.
struct Take {
    template <class T>
    static void run(Meeting<T> &met) {
        const Meeting<T> given = met;
        for (unsigned i = 0; i < met.count; ++i) {
            const unsigned from = met.numbers[i];
            if (met.here[i] && from < met.count && met.here[from]) met.values[i] = given.values[from];
        }
    }
};
// The ranks that have the same value.
struct Same {
    template <class T>
    static void run(Meeting<T> &met) {
        for (unsigned i = 0; i < met.count; ++i) {
            if (!met.here[i]) continue;
            met.numbers[i] = 0;
            for (unsigned j = 0; j < met.count; ++j)
                if (met.here[j] && met.values[j] == met.values[i]) met.numbers[i] |= 1u << j;
        }
    }
};
struct Vote {
    static void run(Meeting<bool> &met) {
        unsigned yes = 0;
        for (unsigned i = 0; i < met.count; ++i)
            if (met.here[i] && met.values[i]) yes |= 1u << i;
        for (unsigned i = 0; i < met.count; ++i) met.numbers[i] = yes;
    }
};

enum class Extent : unsigned char { grid, block, lanes };

}  // namespace hpcraft_cuda::groups

namespace cooperative_groups {

// Any group; lanes of a warp, a block or the grid.
class thread_group {
public:
    void sync(HPCRAFT_CUDA_HERE) const {
        if (extent_ == ::hpcraft_cuda::groups::Extent::grid) return ::hpcraft_cuda::grid_barrier(HPCRAFT_CUDA_THERE);
        if (extent_ == ::hpcraft_cuda::groups::Extent::block) {
            ::hpcraft_cuda::barrier(::hpcraft_cuda::Op::syncthreads, 0, HPCRAFT_CUDA_THERE);
            return;
        }
        ::hpcraft_cuda::exchange(::hpcraft_cuda::Op::tile, mask_, 0, 0, nullptr, HPCRAFT_CUDA_THERE);
    }
    unsigned long long size() const {
        const unsigned long long block = 1ull * blockDim.x * blockDim.y * blockDim.z;
        if (extent_ == ::hpcraft_cuda::groups::Extent::grid) return block * gridDim.x * gridDim.y * gridDim.z;
        return extent_ == ::hpcraft_cuda::groups::Extent::block ? block : static_cast<unsigned>(__builtin_popcount(mask_));
    }
    unsigned long long num_threads() const { return size(); }
    unsigned long long thread_rank() const {
        const unsigned linear = ::hpcraft_cuda::linear_thread();
        if (extent_ == ::hpcraft_cuda::groups::Extent::block) return linear;
        if (extent_ == ::hpcraft_cuda::groups::Extent::lanes)
            return static_cast<unsigned>(__builtin_popcount(mask_ & (::hpcraft_cuda::lane_bit() - 1)));
        const unsigned long long block = blockIdx.x + 1ull * gridDim.x * (blockIdx.y + 1ull * gridDim.y * blockIdx.z);
        return block * blockDim.x * blockDim.y * blockDim.z + linear;
    }
    bool is_valid() const { return extent_ != ::hpcraft_cuda::groups::Extent::grid || ::hpcraft_cuda::is_cooperative(); }

protected:
    explicit thread_group(::hpcraft_cuda::groups::Extent extent, unsigned mask = 0) : mask_(mask), extent_(extent) {}
    unsigned mask_;  // of lanes
    ::hpcraft_cuda::groups::Extent extent_;
    friend thread_group tiled_partition(const thread_group &, unsigned int);
};

class grid_group : public thread_group {
public:
    // A grid's barrier in two steps: nothing waits in the first.
    struct arrival_token {};
    arrival_token barrier_arrive() const { return {}; }
    void barrier_wait(arrival_token &&, HPCRAFT_CUDA_HERE) const { sync(hpcraft_file, hpcraft_line); }
    static dim3 group_dim() { return gridDim; }
    static dim3 dim_blocks() { return gridDim; }
    static dim3 block_index() { return blockIdx; }
    static unsigned long long num_blocks() { return 1ull * gridDim.x * gridDim.y * gridDim.z; }
    static unsigned long long block_rank() { return blockIdx.x + 1ull * gridDim.x * (blockIdx.y + 1ull * gridDim.y * blockIdx.z); }
    static dim3 dim_threads() { return dim3(gridDim.x * blockDim.x, gridDim.y * blockDim.y, gridDim.z * blockDim.z); }

private:
    grid_group() : thread_group(::hpcraft_cuda::groups::Extent::grid) {}
    friend grid_group this_grid();
};
inline grid_group this_grid() { return grid_group(); }

class thread_block : public thread_group {
public:
    struct arrival_token {};
    arrival_token barrier_arrive() const { return {}; }
    void barrier_wait(arrival_token &&, HPCRAFT_CUDA_HERE) const { sync(hpcraft_file, hpcraft_line); }
    static dim3 group_index() { return blockIdx; }
    static dim3 thread_index() { return threadIdx; }
    static dim3 group_dim() { return blockDim; }
    static dim3 dim_threads() { return blockDim; }
    static unsigned int size() { return blockDim.x * blockDim.y * blockDim.z; }
    static unsigned int num_threads() { return size(); }
    static unsigned int thread_rank() { return ::hpcraft_cuda::linear_thread(); }

private:
    thread_block() : thread_group(::hpcraft_cuda::groups::Extent::block) {}
    friend thread_block this_thread_block();
};
inline thread_block this_thread_block() { return thread_block(); }

// What tiles and other sets of lanes have in common.
class hpcraft_lanes : public thread_group {
public:
    template <class T>
    T shfl(T value, unsigned int rank, HPCRAFT_CUDA_HERE) const {
        return take(value, rank, HPCRAFT_CUDA_THERE);
    }
    template <class T>
    T shfl_up(T value, unsigned int offset, HPCRAFT_CUDA_HERE) const {
        return take(value, rank() < offset ? rank() : rank() - offset, HPCRAFT_CUDA_THERE);
    }
    template <class T>
    T shfl_down(T value, unsigned int offset, HPCRAFT_CUDA_HERE) const {
        return take(value, rank() + offset, HPCRAFT_CUDA_THERE);
    }
    unsigned int ballot(int predicate, HPCRAFT_CUDA_HERE) const { return vote(predicate != 0, HPCRAFT_CUDA_THERE); }
    int any(int predicate, HPCRAFT_CUDA_HERE) const { return vote(predicate != 0, HPCRAFT_CUDA_THERE) != 0; }
    int all(int predicate, HPCRAFT_CUDA_HERE) const { return vote(predicate == 0, HPCRAFT_CUDA_THERE) == 0; }
    template <class T>
    unsigned int match_any(T value, HPCRAFT_CUDA_HERE) const {
        ::hpcraft_cuda::groups::Offer<T> own{value, 0, mask_};
        ::hpcraft_cuda::groups::meet<::hpcraft_cuda::groups::Same>(own, HPCRAFT_CUDA_THERE);
        return own.number;
    }
    template <class T>
    unsigned int match_all(T value, int &all, HPCRAFT_CUDA_HERE) const {
        const unsigned everyone = vote(true, HPCRAFT_CUDA_THERE);
        all = match_any(value, hpcraft_file, hpcraft_line) == everyone;
        return all ? everyone : 0;
    }
    unsigned int hpcraft_mask() const { return mask_; }

protected:
    explicit hpcraft_lanes(unsigned mask) : thread_group(::hpcraft_cuda::groups::Extent::lanes, mask) {}
    unsigned rank() const { return static_cast<unsigned>(thread_rank()); }
    template <class T>
    T take(const T &value, unsigned from, ::hpcraft_cuda::Where where) const {
        ::hpcraft_cuda::groups::Offer<T> own{value, from, mask_};
        ::hpcraft_cuda::groups::meet<::hpcraft_cuda::groups::Take>(own, where);
        return own.value;
    }
    unsigned vote(bool predicate, ::hpcraft_cuda::Where where) const {
        ::hpcraft_cuda::groups::Offer<bool> own{predicate, predicate, mask_};
        ::hpcraft_cuda::groups::meet<::hpcraft_cuda::groups::Vote>(own, where);
        return own.number;
    }
};

}  // namespace cooperative_groups
