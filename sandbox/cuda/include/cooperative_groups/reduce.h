// Sums and the like over the lanes of a tile or of a coalesced group.
#pragma once

#include "cooperative_groups.h"

namespace hpcraft_cuda::groups {

template <class Operation>
struct Reduce {
    template <class T>
    static void run(Meeting<T> &met) {
        Operation operation = *static_cast<const Operation *>(met.with);
        unsigned here = 0;
        for (unsigned i = 0; i < met.count; ++i)
            if (met.here[i]) met.values[here++] = met.values[i];
        if (here & (here - 1)) {
            for (unsigned i = 1; i < here; ++i) met.values[0] = operation(met.values[0], met.values[i]);
        } else {
            // As shuffles across would: the order of a device's own sums.
            for (unsigned step = here / 2; step; step /= 2)
                for (unsigned i = 0; i < step; ++i) met.values[i] = operation(met.values[i], met.values[i + step]);
        }
        for (unsigned i = 1; i < met.count; ++i) met.values[i] = met.values[0];
    }
};

template <class Work, class T, class Operation, class Group>
inline T combine(const Group &group, const T &value, const Operation &operation, Where where) {
    Offer<T> own{value, 0, group.hpcraft_mask(), &operation};
    meet<Work>(own, where);
    return own.value;
}

}  // namespace hpcraft_cuda::groups

namespace cooperative_groups {

#define HPCRAFT_CUDA_OPERATION(name, expression)           \
    template <class T>                                     \
    struct name {                                          \
        T operator()(const T &a, const T &b) const {       \
            return static_cast<T>(expression);             \
        }                                                  \
    };
HPCRAFT_CUDA_OPERATION(plus, a + b)
HPCRAFT_CUDA_OPERATION(less, b < a ? b : a)
HPCRAFT_CUDA_OPERATION(greater, a < b ? b : a)
HPCRAFT_CUDA_OPERATION(bit_and, (a & b))
HPCRAFT_CUDA_OPERATION(bit_xor, a ^ b)
HPCRAFT_CUDA_OPERATION(bit_or, a | b)
#undef HPCRAFT_CUDA_OPERATION

template <class Group, class T, class Operation>
inline std::decay_t<T> reduce(const Group &group, T &&value, Operation &&operation, HPCRAFT_CUDA_HERE) {
    using Kept = std::decay_t<Operation>;
    return ::hpcraft_cuda::groups::combine<::hpcraft_cuda::groups::Reduce<Kept>, std::decay_t<T>, Kept>(
        group, value, operation, HPCRAFT_CUDA_THERE);
}

}  // namespace cooperative_groups
