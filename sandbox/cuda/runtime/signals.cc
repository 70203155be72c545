// Signals that follow from what a program does to memory, told as faults.

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdio>
#include <cstdlib>

#include "runtime.h"

namespace hpcraft_cuda {

constexpr std::size_t SIGNAL_STACK = 64 << 10;

static const void *instruction(const ucontext_t &context) {
#if defined(__x86_64__)
    return reinterpret_cast<const void *>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return reinterpret_cast<const void *>(context.uc_mcontext.pc);
#else
    (void)context;
    return nullptr;
#endif
}

static void tell_memory(const void *address, const void *pc) {
    char text[200];
    if (on_device() && worker && in_guard(*worker, address)) {
        std::snprintf(text, sizeof text, "the stack of %zu KiB of a device thread overflowed", stack_bytes() >> 10);
        fault_at(Kind::stack_overflow, pc, text);
    }
    if (const Allocation *near = arena_find(address)) {
        const auto offset = static_cast<const char *>(address) - near->begin;
        const char *what = near->memory == Memory::device ? "device" : near->memory == Memory::managed ? "managed" : "pinned";
        if (near->freed) {
            std::snprintf(text, sizeof text, "byte %td of %zu bytes of %s memory that were freed", offset, near->size, what);
            fault_at(Kind::use_after_free, pc, text);
        }
        const bool inside = offset >= 0 && static_cast<std::size_t>(offset) < near->size;
        if (!on_device() && (inside || near->memory == Memory::device)) {
            std::snprintf(text, sizeof text, "host code touches byte %td of %zu bytes of device memory", offset, near->size);
            fault_at(Kind::host_access, pc, text);
        }
        std::snprintf(text, sizeof text, "byte %td of %zu bytes of %s memory", offset, near->size, what);
        fault_at(Kind::out_of_bounds, pc, text);
    }
    if (!on_device()) return;
    const auto *byte = static_cast<const char *>(address);
    if (byte >= current.shared - 4096 && byte < current.shared + current.shared_bytes + (64 << 10)) {
        std::snprintf(text, sizeof text, "shared memory: byte %td of %zu bytes of dynamic shared memory", byte - current.dynamic, current.dynamic_bytes);
        fault_at(Kind::out_of_bounds, pc, text);
    }
    std::snprintf(text, sizeof text, "address %p is no memory of the device%s", address, byte < reinterpret_cast<const char *>(4096) ? " (a null pointer)" : "");
    fault_at(Kind::out_of_bounds, pc, text);
}

static void on_signal(int number, siginfo_t *info, void *context) {
    leave_broken_walk();
    const void *pc = instruction(*static_cast<ucontext_t *>(context));
    if (number == SIGFPE) {
        if (on_device()) fault_at(Kind::division, pc, "an integer is divided by zero, or the quotient has no value");
    } else {
        tell_memory(info->si_addr, pc);
    }
    signal(number, SIG_DFL);  // not ours: the instruction is tried again, and ends the program as it would without us
}

void use_signal_stack() {
    static thread_local bool done;
    if (done) return;
    done = true;
    void *stack = mmap(nullptr, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) std::abort();
    stack_t alternate{};
    alternate.ss_sp = stack;
    alternate.ss_size = SIGNAL_STACK;
    sigaltstack(&alternate, nullptr);
}

[[gnu::constructor]] static void install_signals() {
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE}) sigaction(number, &action, nullptr);
    use_signal_stack();
}

}  // namespace hpcraft_cuda
