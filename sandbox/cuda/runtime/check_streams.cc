// What comes before what between launches, copies and the host.
//
// Theory of operation. What is put into a stream happens at once here, while on a device it may happen much later. So order is kept
// as knowledge: what each stream, each event and the host know to have ended, as the last activity (launch or asynchronous copy) of
// every stream. An activity knows what its stream knew; streams that wait for the default stream know what that one does; a stream that waits for
// an event learns what it knew; the host learns by waiting. Activities that the host knows are forgotten, because all that comes later knows
// them too. A cell tells by its block's number which activity it was accessed in; what the running one, or the host, doesn't know is a race.

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "check.h"

namespace hpcraft_cuda {

std::atomic<bool> host_watched{false};

namespace {
using Known = std::map<unsigned, std::uint64_t>;  // by stream: its activities up to which one

struct Line {
    bool blocking = true;
    std::uint64_t last = 0;
    Known known;
    std::deque<Activity> pending;  // that the host doesn't know to have ended
};

struct State {
    std::mutex guard;
    std::map<const void *, unsigned> ids;
    std::map<unsigned, Line> lines;
    std::map<const void *, Known> events;
    Known host, running, saved;
    unsigned next_id = 1;
};
// Made before the program's own static objects, and never destroyed.
union Room {
    char empty;
    State made;
    constexpr Room() : empty(0) {}
    ~Room() {}
} room;
State &state = room.made;
[[gnu::constructor(200)]] void make_state() { new (&room.made) State; }
thread_local Known known_to_copy;  // that this thread of the host makes
}  // namespace

static void learn(Known &into, const Known &from) {
    for (const auto &[id, number] : from) {
        std::uint64_t &known = into[id];
        known = std::max(known, number);
    }
}

// The default stream in both of its spellings is the one that waits for the others, and they for it.
static unsigned id_of(const void *stream) {
    if (!stream || stream == cudaStreamLegacy) return 0;
    unsigned &id = state.ids[stream];
    if (!id) id = state.next_id++;
    return id;
}

// What is put into a stream now waits for what this line knows.
static Line &line_of(const void *stream) {
    const unsigned id = id_of(stream);
    Line &line = state.lines[id], &legacy = state.lines[0];
    if (id == 0) {
        for (auto &[other, theirs] : state.lines)
            if (other && theirs.blocking) learn(line.known, theirs.known);
    } else if (line.blocking) {
        learn(line.known, legacy.known);
    }
    learn(line.known, state.host);
    return line;
}

static std::uint64_t known_of(const Known &known, unsigned id) {
    const auto found = known.find(id);
    return found == known.end() ? 0 : found->second;
}

static void forget_known() {
    bool any = false;
    for (auto &[id, line] : state.lines) {
        while (!line.pending.empty() && line.pending.front().sequence <= known_of(state.host, id)) line.pending.pop_front();
        any = any || !line.pending.empty();
    }
    host_watched = any && !arena_is_shared();
}

static void forget_all() {
    for (auto &[id, line] : state.lines) line.known.clear(), line.pending.clear();
    state.host.clear();
    host_watched = false;
}

void streams_start_over() {
    const std::lock_guard lock(state.guard);
    forget_all();
}

// --- activities

std::uint64_t activity_begins(const void *stream, Activity what) {
    const std::lock_guard lock(state.guard);
    const unsigned id = id_of(stream);
    Line &line = line_of(stream);
    what.sequence = line.known[id] = ++line.last;
    what.last = ~std::uint64_t{0};
    line.pending.push_back(what);
    (what.kernel ? state.running : known_to_copy) = line.known;
    host_watched = !arena_is_shared();
    std::uint64_t oldest = what.first;
    for (const auto &[other, theirs] : state.lines) {
        const std::uint64_t known = known_of(line.known, other);
        const auto unknown = std::find_if(theirs.pending.rbegin(), theirs.pending.rend(), [&](const Activity &a) { return a.sequence <= known; }).base();
        if (unknown != theirs.pending.end()) oldest = std::min(oldest, unknown->first);
    }
    return oldest;
}

void activity_ends(const void *stream, std::uint64_t last) {
    const std::lock_guard lock(state.guard);
    Line &line = state.lines[id_of(stream)];
    if (!line.pending.empty()) line.pending.back().last = last;
}

namespace {
struct Found {
    const Activity *activity = nullptr;
    unsigned stream = 0;
};
}  // namespace

static Found find(std::uint64_t block) {
    Found found;
    for (const auto &[id, line] : state.lines) {
        auto after = std::upper_bound(line.pending.begin(), line.pending.end(), block, [](std::uint64_t number, const Activity &a) { return number < a.first; });
        if (after == line.pending.begin()) continue;
        const Activity &candidate = *std::prev(after);
        if (candidate.last >= block && (!found.activity || candidate.first > found.activity->first)) found = {&candidate, id};
    }
    return found;
}

bool activity_known(std::uint64_t block) {
    const std::lock_guard lock(state.guard);
    const Found found = find(block);
    return !found.activity || found.activity->sequence <= known_of(on_device() ? state.running : known_to_copy, found.stream);
}

bool find_activity(std::uint64_t block, Activity &into) {
    const std::lock_guard lock(state.guard);
    const Found found = find(block);
    if (found.activity) into = *found.activity;
    return found.activity;
}

// --- what the API tells

void stream_made(const void *stream, bool blocking) {
    const std::lock_guard lock(state.guard);
    state.ids.erase(stream);  // another one had this address
    state.lines[id_of(stream)].blocking = blocking;
}

void host_waits(const void *stream) {
    const std::lock_guard lock(state.guard);
    learn(state.host, line_of(stream).known);
    forget_known();
}

void host_waits_for_all() {
    const std::lock_guard lock(state.guard);
    forget_all();
}

void event_recorded(const void *event, const void *stream) {
    const std::lock_guard lock(state.guard);
    state.events[event] = line_of(stream).known;
}

void stream_waits(const void *stream, const void *event) {
    const std::lock_guard lock(state.guard);
    learn(line_of(stream).known, state.events[event]);
}

void host_waits_for(const void *event) {
    const std::lock_guard lock(state.guard);
    learn(state.host, state.events[event]);
    forget_known();
}

// A function of the host in a stream knows what the stream does; the host behind it doesn't.
void callback_runs(const void *stream, bool begins) {
    const std::lock_guard lock(state.guard);
    if (begins) {
        state.saved = state.host;
        learn(state.host, line_of(stream).known);
    } else {
        state.host = state.saved;
    }
}

bool known_to_host(std::uint64_t block) {
    const std::lock_guard lock(state.guard);
    const Found found = find(block);
    return !found.activity || found.activity->sequence <= known_of(state.host, found.stream);
}

}  // namespace hpcraft_cuda
