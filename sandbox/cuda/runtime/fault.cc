// One line for each fault, and the end of the process.

#include "runtime.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <errno.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hpcraft_cuda {

const char *name_of(Kind kind) {
    switch (kind) {
    case Kind::out_of_bounds: return "out_of_bounds";
    case Kind::use_after_free: return "use_after_free";
    case Kind::uninitialised: return "uninitialised";
    case Kind::host_access: return "host_access";
    case Kind::device_access: return "device_access";
    case Kind::divergent_barrier: return "divergent_barrier";
    case Kind::deadlock: return "deadlock";
    case Kind::race: return "race";
    case Kind::stack_overflow: return "stack_overflow";
    case Kind::assertion: return "assert";
    case Kind::schedule: return "schedule";
    case Kind::misaligned: return "misaligned";
    case Kind::bad_free: return "bad_free";
    case Kind::division: return "division_by_zero";
    case Kind::undefined: return "undefined";
    case Kind::trap: return "trap";
    case Kind::copy: return "bad_copy";
    case Kind::launch: return "launch_failed";
    }
    return "unknown";
}

Place here() {
    Place place;
    if (!on_device()) return place;
    place.kernel = current.block->launch->site.kernel;
    place.block = blockIdx;
    place.thread = threadIdx;
    place.device = true;
    return place;
}

namespace {
struct Line {
    char text[1024];
    std::size_t used = 0;
    __attribute__((format(printf, 2, 3))) void add(const char *format, ...) {
        va_list values;
        va_start(values, format);
        add(format, values);
        va_end(values);
    }
    __attribute__((format(printf, 2, 0))) void add(const char *format, va_list values) {
        const int length = std::vsnprintf(text + used, sizeof text - 1 - used, format, values);
        if (length > 0) used = std::min(sizeof text - 2, used + static_cast<std::size_t>(length));
    }
};
}  // namespace

static void add_name(Line &line, const char *name, bool readable) {
    line.add(" kernel=");
    unsigned depth = 0;
    for (; *name; ++name) {
        depth += *name == '<';
        depth -= *name == '>' && depth;
        if (*name == '(' && readable && !depth) break;
        if (*name != ' ') line.add("%c", *name);
    }
}

// `k<float>` of `void k<float>(float*)`; what was launched by its address has no name before a fault.
static void add_kernel(Line &line, const Place &place) {
    const void *function = current.block->launch->config.function;
    const Named found = function ? name_at(function, true) : Named{};
    int status = 0;
    char *readable = *found.name ? abi::__cxa_demangle(found.name, nullptr, nullptr, &status) : nullptr;
    const char *name = readable ? readable : *found.name ? found.name : place.kernel;
    if (readable && std::strncmp(name, "void ", 5) == 0) name += 5;
    add_name(line, name, readable);
}

static void begin(Line &line, Kind kind) {
    line.add("hpcraft-cuda: FAULT kind=%s", name_of(kind));
    const Place place = here();
    if (place.device) add_kernel(line, place);
}

static void add_trace(Line &line, const char *name, const Trace &found) {
    for (unsigned i = 0; i < found.count; ++i) line.add("%s0x%zx", i ? "," : name, found.offsets[i]);
}

static void add_place(Line &line) {
    const Place place = here();
    if (!place.device) return;
    line.add(" block=%u,%u,%u thread=%u,%u,%u", place.block.x, place.block.y, place.block.z, place.thread.x, place.thread.y, place.thread.z);
}

static const char *plain(const char *file) { return std::strncmp(file, "./", 2) == 0 ? file + 2 : file; }

static Line suspended;
static std::atomic<bool> any_suspended;

[[noreturn]] static void end(Line &line, bool is_race = false) {
    if (any_suspended && !is_race) line = suspended;
    static std::atomic_flag ending;
    if (ending.test_and_set())
        for (;;) pause();  // another thread tells its fault and ends the process
    for (std::size_t i = 0; i < line.used; ++i)
        if (line.text[i] == '\n') line.text[i] = ' ';
    line.text[line.used++] = '\n';
    // What the program printed before comes first; a stream that the faulting thread holds is left alone.
    if (ftrylockfile(stdout) == 0) fflush_unlocked(stdout), funlockfile(stdout);
    const char *name = std::getenv("HPCRAFT_CUDA_FAULT");
    const int file = name ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;
    for (const int out : {file, STDERR_FILENO})
        if (out >= 0 && write(out, line.text, line.used) < 0) continue;  // nobody to tell
    _exit(FAULT_EXIT);
}

[[noreturn]] static void end(Line &line, const char *format, va_list values) {
    add_place(line);
    line.add("; ");
    line.add(format, values);
    end(line);
}

void fault(Kind kind, Where where, const char *format, ...) {
    Line line;
    begin(line, kind);
    if (where.file) line.add(" file=%s line=%d", plain(where.file), where.line);
    va_list values;
    va_start(values, format);
    end(line, format, values);
}

void fault_at(Kind kind, const void *pc, const char *detail) {
    Line line;
    begin(line, kind);
    if (pc) add_trace(line, " pc=", trace(pc));
    add_place(line);
    line.add("; %s", detail);
    end(line);
}

void fault_in_call(Kind kind, const char *format, ...) {
    Line line;
    begin(line, kind);
    add_trace(line, " pc=", trace(nullptr));
    va_list values;
    va_start(values, format);
    end(line, format, values);
}

void launch_fault(const Site &site, const char *why) {
    Line line;
    begin(line, Kind::launch);
    line.add(" kernel=%s file=%s line=%d; the launch was refused (%s), and nobody has asked for the error", site.kernel, plain(site.file),
             site.line, why);
    end(line);
}

void suspend_fault(Kind kind, const void *pc, const char *detail) {
    static std::atomic_flag taken;
    if (taken.test_and_set()) return;
    begin(suspended, kind);
    add_trace(suspended, " pc=", trace(pc));
    add_place(suspended);
    suspended.add("; %s", detail);
    any_suspended = true;
}

void settle_fault() {
    if (!any_suspended) return;
    Line line = suspended;
    end(line);
}

void race_at(const void *pc, const Second &second, const char *detail) {
    Line line;
    begin(line, Kind::race);
    const bool host = !here().device;
    if (host && second.kernel) add_name(line, second.kernel, false);
    add_trace(line, " pc=", trace(pc));
    if (second.trace) add_trace(line, " pc2=", *second.trace);
    else line.add(" pc2=0x%zx", second.offset);
    add_place(line);
    if (host && second.kernel)
        line.add(" block=%u,%u,%u thread=%u,%u,%u", second.block.x, second.block.y, second.block.z, second.thread.x, second.thread.y, second.thread.z);
    line.add("; %s", detail);
    end(line, true);
}

}  // namespace hpcraft_cuda

// The assertions of device code; those of host code end as the C library has it.
extern "C" [[noreturn]] void __assert_fail(const char *expression, const char *file, unsigned line, const char *function) noexcept {
    using namespace hpcraft_cuda;
    if (on_device()) fault(Kind::assertion, {file, static_cast<int>(line)}, "Assertion `%s' failed in %s", expression, function);
    std::fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name, file, line, function, expression);
    std::abort();
}
