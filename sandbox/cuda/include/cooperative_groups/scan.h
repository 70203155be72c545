// Sums and the like of a lane and those of lower rank.
#pragma once

#include "cooperative_groups/reduce.h"

namespace hpcraft_cuda::groups {

template <class Operation, bool INCLUSIVE>
struct Scan {
    template <class T>
    static void run(Meeting<T> &met) {
        Operation operation = *static_cast<const Operation *>(met.with);
        T sum{};
        bool any = false;
        for (unsigned i = 0; i < met.count; ++i) {
            if (!met.here[i]) continue;
            const T before = sum;
            sum = any ? operation(sum, met.values[i]) : met.values[i];
            any = true;
            met.values[i] = INCLUSIVE ? sum : before;
        }
    }
};

}  // namespace hpcraft_cuda::groups

namespace cooperative_groups {

template <class Group, class T, class Operation>
inline std::decay_t<T> inclusive_scan(const Group &group, T &&value, Operation &&operation, HPCRAFT_CUDA_HERE) {
    using Kept = std::decay_t<Operation>;
    return ::hpcraft_cuda::groups::combine<::hpcraft_cuda::groups::Scan<Kept, true>, std::decay_t<T>, Kept>(
        group, value, operation, HPCRAFT_CUDA_THERE);
}
template <class Group, class T>
inline std::decay_t<T> inclusive_scan(const Group &group, T &&value, HPCRAFT_CUDA_HERE) {
    return inclusive_scan(group, value, plus<std::decay_t<T>>(), hpcraft_file, hpcraft_line);
}
// The lane of rank 0 has a value of zero.
template <class Group, class T, class Operation>
inline std::decay_t<T> exclusive_scan(const Group &group, T &&value, Operation &&operation, HPCRAFT_CUDA_HERE) {
    using Kept = std::decay_t<Operation>;
    return ::hpcraft_cuda::groups::combine<::hpcraft_cuda::groups::Scan<Kept, false>, std::decay_t<T>, Kept>(
        group, value, operation, HPCRAFT_CUDA_THERE);
}
template <class Group, class T>
inline std::decay_t<T> exclusive_scan(const Group &group, T &&value, HPCRAFT_CUDA_HERE) {
    return exclusive_scan(group, value, plus<std::decay_t<T>>(), hpcraft_file, hpcraft_line);
}

}  // namespace cooperative_groups
