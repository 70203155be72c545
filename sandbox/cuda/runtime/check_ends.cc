// Threads that came to the end of a kernel while others of their block wait for them.
//
// On a device those that have ended are not waited for, and kernels rely on it: `if (i >= n) return;` before a barrier is everywhere.
// What passes by a barrier and ends behind it, as a barrier in a branch or in a loop of unequal length makes threads do, is the
// mistake that the guide warns of. So what tells the two apart is the `return`, which the translator marks.

#include <cstdio>

#include "check.h"

namespace hpcraft_cuda {

static thread_local bool left;

void leave_now() { left = true; }
void forget_leaving() { left = false; }

void note_end(Clock &clock) {
    if (left) return forget_leaving();
    if (!clock.any_ended) {
        clock.any_ended = true;
        for (std::uint32_t &lanes : clock.ended) lanes = 0;
    }
    const unsigned thread = linear_thread();
    clock.ended[thread / WARP] |= 1u << thread % WARP;
}

[[noreturn]] static void tell(const Block &block, unsigned warp, unsigned lanes, unsigned waiting, Where where) {
    const unsigned ended = warp * WARP + __builtin_ctz(lanes), x = block.launch->config.block.x, y = block.launch->config.block.y;
    set_thread(waiting);
    fault(Kind::divergent_barrier, where, "the thread %u,%u,%u has come to the end of the kernel without this", ended % x, ended / x % y,
          ended / x / y);
}

void look_at_ends(Block &block) {
    const Clock &clock = clock_of(block);
    if (!clock.any_ended) return;
    for (unsigned warp = 0; warp * WARP < block.num_threads; ++warp) {
        if (!clock.ended[warp]) continue;
        unsigned waiting = linear_thread();
        for (unsigned thread = 0; thread < block.num_threads; ++thread)
            if (!(clock.ended[thread / WARP] >> thread % WARP & 1) && block.threads[thread].waiting) waiting = thread;
        tell(block, warp, clock.ended[warp], waiting, block.barrier_where);
    }
}

void look_at_ends(Block &block, unsigned warp, const Group &group) {
    const Clock &clock = clock_of(block);
    if (!clock.any_ended || !(clock.ended[warp] & group.mask)) return;
    tell(block, warp, clock.ended[warp] & group.mask, warp * WARP + __builtin_ctz(group.arrived), group.where);
}

}  // namespace hpcraft_cuda
