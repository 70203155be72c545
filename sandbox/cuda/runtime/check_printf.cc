// What device code prints: its format and its strings have to be memory of the device.

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "check.h"

extern "C" void hpcraft_cuda_look_at_string(const char *text, std::size_t most, const void *pc);

namespace {

// The arguments of one conversion are taken off the list, as printf does.
const char *take(const char *at, va_list &values, const void *pc) {
    std::size_t precision = SIZE_MAX;
    unsigned longs = 0;
    for (bool after_point = false;; ++at) {
        if (*at == '*') {
            const int given = va_arg(values, int);
            if (after_point && given >= 0) precision = static_cast<std::size_t>(given);
        } else if (*at == '.') {
            after_point = true;
            precision = 0;
        } else if (after_point && *at >= '0' && *at <= '9') {
            precision = precision * 10 + static_cast<std::size_t>(*at - '0');
        } else if (std::strchr("lzjtqL", *at) && *at) {
            longs += *at == 'L' ? 8 : 1;
        } else if (!*at || !std::strchr("0123456789-+ #'h", *at)) {
            break;
        }
    }
    if (!*at) return at;
    if (*at == 's') hpcraft_cuda_look_at_string(va_arg(values, const char *), precision, pc);
    else if (std::strchr("aAeEfFgG", *at) && longs >= 8) va_arg(values, long double);
    else if (std::strchr("aAeEfFgG", *at)) va_arg(values, double);
    else if (*at == 'p' || longs) va_arg(values, long long);
    else if (*at != '%' && *at != 'm') va_arg(values, int);
    return at + 1;
}

}  // namespace

extern "C" int hpcraft_cuda_printf(const char *format, ...) {
    va_list values;
    if (hpcraft_cuda::on_device()) {
        const void *pc = __builtin_return_address(0);
        hpcraft_cuda_look_at_string(format, SIZE_MAX, pc);
        va_start(values, format);
        for (const char *at = std::strchr(format, '%'); at && *at; at = std::strchr(at, '%')) at = take(at + 1, values, pc);
        va_end(values);
    }
    va_start(values, format);
    const int printed = std::vprintf(format, values);
    va_end(values);
    return printed;
}
