// Loads and stores with a hint for the caches, which means nothing here, and the questions where an address lies.
#pragma once

#include <cstdint>

#include "hpcraft_cuda/state.h"
#include "hpcraft_cuda/symbols.h"

#define HPCRAFT_CUDA_LOAD(name)              \
    template <class T>                       \
    inline T name(const T *at) {             \
        return *at;                          \
    }
HPCRAFT_CUDA_LOAD(__ldg)
HPCRAFT_CUDA_LOAD(__ldcg)
HPCRAFT_CUDA_LOAD(__ldca)
HPCRAFT_CUDA_LOAD(__ldcs)
HPCRAFT_CUDA_LOAD(__ldlu)
HPCRAFT_CUDA_LOAD(__ldcv)
#undef HPCRAFT_CUDA_LOAD

namespace hpcraft_cuda {

template <class T>
struct Same {
    using Type = T;
};

bool in_arena(const void *at);
const Symbol *find_symbol(const void *at);

}  // namespace hpcraft_cuda

#define HPCRAFT_CUDA_STORE(name)                                              \
    template <class T>                                                        \
    inline void name(T *at, typename ::hpcraft_cuda::Same<T>::Type value) {   \
        *at = value;                                                          \
    }
HPCRAFT_CUDA_STORE(__stwb)
HPCRAFT_CUDA_STORE(__stcg)
HPCRAFT_CUDA_STORE(__stcs)
HPCRAFT_CUDA_STORE(__stwt)
#undef HPCRAFT_CUDA_STORE

inline unsigned int __isShared(const void *at) { return ::hpcraft_cuda::is_shared(at); }
inline unsigned int __isConstant(const void *at) {
    const ::hpcraft_cuda::Symbol *symbol = ::hpcraft_cuda::find_symbol(at);
    return symbol && symbol->space == ::hpcraft_cuda::Space::constant;
}
inline unsigned int __isGlobal(const void *at) {
    const ::hpcraft_cuda::Symbol *symbol = ::hpcraft_cuda::find_symbol(at);
    return ::hpcraft_cuda::in_arena(at) || (symbol && symbol->space != ::hpcraft_cuda::Space::constant);
}
inline unsigned int __isLocal(const void *at) { return !__isShared(at) && !__isConstant(at) && !__isGlobal(at); }

inline std::size_t __cvta_generic_to_shared(const void *at) {
    return static_cast<std::size_t>(static_cast<const char *>(at) - ::hpcraft_cuda::current.shared);
}
inline void *__cvta_shared_to_generic(std::size_t offset) { return ::hpcraft_cuda::current.shared + offset; }
inline std::size_t __cvta_generic_to_global(const void *at) { return reinterpret_cast<std::size_t>(at); }
inline void *__cvta_global_to_generic(std::size_t at) { return reinterpret_cast<void *>(at); }
