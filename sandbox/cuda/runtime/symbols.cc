// The variables that the translator made known.

#include "hpcraft_cuda/symbols.h"

#include "runtime.h"

namespace hpcraft_cuda {

static Symbol *symbols;  // constructed before any of them, being a null pointer

Symbol::Symbol(const volatile void *at, std::size_t bytes, const char *called, Space where)
    : address(const_cast<const void *>(at)), size(bytes), name(called), space(where), next(symbols) {
    symbols = this;
}

const Symbol *find_symbol(const void *at) {
    for (const Symbol *symbol = symbols; symbol; symbol = symbol->next) {
        const char *begin = static_cast<const char *>(symbol->address);
        if (at >= begin && at < begin + symbol->size) return symbol;
    }
    return nullptr;
}

}  // namespace hpcraft_cuda
