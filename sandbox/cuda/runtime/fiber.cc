// Stacks for device threads, and the switch between them.

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "runtime.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace hpcraft_cuda {

// A device gives a thread 512 KiB for its local variables; only what is touched is ever there.
static std::atomic<std::size_t> wanted_stack{576 << 10};

std::size_t stack_bytes() { return wanted_stack; }
void set_stack_bytes(std::size_t bytes) {
    const std::size_t page = sysconf(_SC_PAGESIZE);
    if (bytes > wanted_stack) wanted_stack = (bytes + page - 1) & ~(page - 1);
}

// Stack tops of neighbours differ within a page, or their hottest lines would all want the same set of the cache.
static std::size_t colour(std::size_t number) { return number * 192 % 4096 & ~std::size_t{63}; }

static Fiber *make_fiber(Worker &owner) {
    const std::size_t page = sysconf(_SC_PAGESIZE), bytes = stack_bytes() + page;
    void *pages = mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages, page, PROT_NONE) != 0)
        fault(Kind::stack_overflow, here().device ? current.block->barrier_where : Where{"", 0}, "no memory for the stacks of device threads");
    char *low = static_cast<char *>(pages) + page;
    Fiber *made = new Fiber{nullptr, low, low + bytes - colour(owner.fibers.size()), nullptr};
    owner.fibers.push_back(made);
    return made;
}

Fiber *take_fiber(Worker &owner) {
    Fiber *found = owner.pool;
    if (!found) return make_fiber(owner);
    owner.pool = found->next;
    return found;
}

void give_fiber(Worker &owner, Fiber *fiber) {
    fiber->next = owner.pool;
    owner.pool = fiber;
}

bool in_guard(const Worker &owner, const void *at) {
    const std::size_t page = sysconf(_SC_PAGESIZE);
    for (const Fiber *fiber : owner.fibers)
        if (at >= fiber->low - page && at < fiber->low) return true;
    return false;
}

#if defined(__x86_64__)

// void hpcraft_cuda_switch(void **save, void *load): the registers that a call preserves lie on the stack that it leaves. It ends in a
// `ret`, since the processor foresees where that goes: most threads stopped at the same call.
asm(R"(
    .text
    .p2align 4
    .globl hpcraft_cuda_switch
    .hidden hpcraft_cuda_switch
    .type hpcraft_cuda_switch, @function
hpcraft_cuda_switch:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size hpcraft_cuda_switch, .-hpcraft_cuda_switch
)");

void prepare(Fiber &fiber, Entry entry) {
    // Six registers, the address to go to, and one that it would return to: as after a call.
    auto *top = reinterpret_cast<std::uintptr_t *>(reinterpret_cast<std::uintptr_t>(fiber.high) & ~std::uintptr_t{15});
    top -= 8;
    std::memset(top, 0, 8 * sizeof *top);
    top[6] = reinterpret_cast<std::uintptr_t>(entry);
    fiber.stack_pointer = top;
}

#elif defined(__aarch64__)

asm(R"(
    .text
    .p2align 4
    .globl hpcraft_cuda_switch
    .hidden hpcraft_cuda_switch
    .type hpcraft_cuda_switch, %function
hpcraft_cuda_switch:
    .cfi_startproc
    sub sp, sp, #160
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    br x30
    .cfi_endproc
    .size hpcraft_cuda_switch, .-hpcraft_cuda_switch
)");

void prepare(Fiber &fiber, Entry entry) {
    auto *top = reinterpret_cast<std::uintptr_t *>(reinterpret_cast<std::uintptr_t>(fiber.high) & ~std::uintptr_t{15});
    top -= 20;
    std::memset(top, 0, 20 * sizeof *top);
    top[11] = reinterpret_cast<std::uintptr_t>(entry);
    fiber.stack_pointer = top;
}

#else

void prepare(Fiber &fiber, Entry entry) {
    auto *context = fiber.stack_pointer ? static_cast<ucontext_t *>(fiber.stack_pointer) : new ucontext_t;
    getcontext(context);
    context->uc_stack.ss_sp = fiber.low;
    context->uc_stack.ss_size = fiber.high - fiber.low;
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
    fiber.stack_pointer = context;
}
void switch_to(void *&save, void *load) {
    if (!save) save = new ucontext_t;
    swapcontext(static_cast<ucontext_t *>(save), static_cast<ucontext_t *>(load));
}

#endif

}  // namespace hpcraft_cuda
