// OpenMP and OpenACC directives: the names inside clauses go with the program's, the words of the directives stay.
#include <algorithm>

#include "fortran_resolve.h"

namespace hpcraft::fortran {

namespace {

std::string low(std::string_view text) {
    std::string out(text);
    for (char &c : out) c = lower(c);
    return out;
}

bool among(const std::string &word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

// What stands outside brackets is a word of the directive; each bracket belongs to the word before it.
void Resolver::directive() {
    for (uint32_t k = 0; k < size(); k = behind(k)) {
        if (op(k) != '(') continue;
        uint32_t head = k;
        while (head > 0 && !is_word(head - 1) && op(head - 1) != ')') head--;
        clause(head > 0 ? head - 1 : kNone, k);
    }
}

void Resolver::clause(uint32_t name, uint32_t open) {
    auto what = name == kNone || !is_word(name) ? std::string() : low(view(t_[name]));
    uint32_t close = behind(open) - 1, from = open + 1;
    if (t_[open].match == kNone) close = size();
    if (among(what, {"default", "proc_bind", "defaultmap", "order", "device_type", "atomic_default_mem_order", "at", "severity"})) return;
    if (what == "critical") {
        for (uint32_t k = from; k < close; k++) {
            if (!is_word(k)) continue;
            uint32_t entity = place(k, names_.in(kCriticals, t_[k].name));
            names_.at(entity).state |= s_label;
            names_.at(entity).flags |= declared;
        }
        return;
    }
    if (among(what, {"bind", "match", "when", "otherwise", "mapper", "uses_allocators", "interop", "init"})) {
        for (uint32_t k = from; k < close; k++)
            if (is_word(k)) fix(view(t_[k]));
        return;
    }
    uint32_t colon = from, last = kNone;
    for (; colon < close; colon = behind(colon)) {
        if (op(colon) == ':' || op(colon) == op_colons) last = colon;
        if (what == "reduction" && name > 0 && last != kNone && word(name - 1) == 0) break;
        if (last != kNone && !(what == "wait" || (what == "reduction" && name > 0 && low(view(t_[name - 1])) == "declare"))) break;
    }
    if (what == "schedule" || what == "dist_schedule") {
        last = std::min(close, find_op(from, ','));
        if (last == close) return;
    } else if (among(what, {"linear", "aligned", "copyprivate", "private", "shared", "uniform"})) {
        last = kNone;
    } else if (among(what, {"depend", "doacross"}) && last == kNone) {
        return;
    }
    if (last != kNone) {
        for (uint32_t k = from; k < last; k++)  // a reduction of the program's own, an operator, a modifier
            if (is_word(k) && what.find("reduction") != std::string::npos) fix(view(t_[k]));
        from = last + 1;
    }
    for (uint32_t k = from; k < close;) {  // threadprivate(/block/), declare target(/block/)
        if (op(k) == '/' && is_word(k + 1) && op(k + 2) == '/' && (k == from || op(k - 1) == ',')) {
            place(k + 1, names_.in(kCommons, t_[k + 1].name));
            k += 3;
        } else {
            uint32_t next = std::max(k + 1, std::min(close, find_op(k, ',')));
            expression(k, next);
            k = next + (op(next) == ',');
        }
    }
}

}  // namespace hpcraft::fortran
