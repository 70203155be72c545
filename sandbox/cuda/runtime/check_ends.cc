// Threads that came to the end of a kernel while others of their block wait for them.
//
// On a device those that have ended are not waited for, and kernels rely on it: `if (i >= n) return;` before a barrier is everywhere.
// What passes by a barrier and ends behind it, as a barrier in a branch or in a loop of unequal length makes threads do, is the
// mistake that the guide warns of. So what tells the two apart is the `return`, which the translator marks.

#include <algorithm>

#include "check.h"

namespace hpcraft_cuda {

static thread_local bool left;

void leave_now() { left = true; }
void forget_leaving() { left = false; }

void note_end(Clock &clock) {
    if (!left) return;
    left = false;
    if (!clock.any_left) {
        clock.any_left = true;
        for (std::uint32_t &lanes : clock.left) lanes = 0;
    }
    const unsigned thread = linear_thread();
    clock.left[thread / WARP] |= 1u << thread % WARP;
}

// The lanes of a warp that came to the end.
static unsigned ended(const Block &block, const Clock &clock, unsigned warp) {
    const unsigned lanes = std::min(WARP, block.num_threads - warp * WARP);
    const unsigned gone = (lanes == WARP ? ~0u : (1u << lanes) - 1) & ~block.warps[warp].live;
    return clock.any_left ? gone & ~clock.left[warp] : gone;
}

[[noreturn]] static void tell(const Block &block, unsigned warp, unsigned lanes, unsigned waiting, Where where) {
    const unsigned ended = warp * WARP + __builtin_ctz(lanes), x = block.launch->config.block.x, y = block.launch->config.block.y;
    set_thread(waiting);
    fault(Kind::divergent_barrier, where, "the thread %u,%u,%u has come to the end of the kernel, but never here", ended % x, ended / x % y,
          ended / x / y);
}

void look_at_ends(Block &block) {
    if (block.live == block.num_threads) return;
    const Clock &clock = clock_of(block);
    for (unsigned warp = 0; warp * WARP < block.num_threads; ++warp) {
        const unsigned lanes = ended(block, clock, warp);
        if (!lanes) continue;
        unsigned waiting = 0;
        while (waiting + 1 < block.num_threads && !block.threads[waiting].waiting) ++waiting;
        tell(block, warp, lanes, block.threads[waiting].waiting ? waiting : linear_thread(), block.barrier_where);
    }
}

void look_at_ends(Block &block, unsigned warp, const Group &group) {
    if (const unsigned lanes = ended(block, clock_of(block), warp) & group.mask)
        tell(block, warp, lanes, warp * WARP + __builtin_ctz(group.arrived), group.where);
}

}  // namespace hpcraft_cuda
