// What the compiler's own sanitizers find, told as any other fault: of addresses, which watches host code and the stacks of device
// threads in a second build of the program, and of undefined behaviour. Without them nothing here is called.

#include <cstring>

#include "runtime.h"

extern "C" {
[[gnu::weak]] const char *__asan_get_report_description();
[[gnu::weak]] void *__asan_get_report_address();
[[gnu::weak]] std::size_t __asan_get_report_access_size();
[[gnu::weak]] int __asan_get_report_access_type();
[[gnu::weak]] void __ubsan_get_current_report_data(const char **kind, const char **message, const char **file, unsigned *line, unsigned *column,
                                                   char **address);
}

namespace hpcraft_cuda {

static Kind kind_of(const char *description) {
    const auto says = [=](const char *word) { return std::strstr(description, word) != nullptr; };
    if (says("use-after")) return Kind::use_after_free;
    if (says("free")) return Kind::bad_free;  // double-free, attempting free on address which was not malloc()-ed
    return Kind::out_of_bounds;
}

}  // namespace hpcraft_cuda

// Called before the sanitizer says its own words.
extern "C" void __asan_on_error() {
    using namespace hpcraft_cuda;
    const char *description = __asan_get_report_description();
    fault_in_call(kind_of(description), "%s: %s %zu bytes at %p", description, __asan_get_report_access_type() ? "writes" : "reads",
                  __asan_get_report_access_size(), __asan_get_report_address());
}

extern "C" void __ubsan_on_report() {
    using namespace hpcraft_cuda;
    const char *kind, *message, *file;
    char *address;
    unsigned line, column;
    __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
    fault(Kind::undefined, {file, static_cast<int>(line)}, "%s", message);
}
