// Expressions and lists: names, components, arguments with keywords.
#include <algorithm>

#include "fortran_resolve.h"

namespace hpcraft::fortran {

// Whether the word is a keyword of an argument: after an opening bracket or comma, before a single =.
bool Resolver::is_keyword(uint32_t k) const {
    return op(k + 1) == '=' && k > 0 && (op(k - 1) == '(' || op(k - 1) == ',');
}

// Whether a colon stands in the brackets at `open` itself: no function has such an argument.
bool Resolver::cuts(uint32_t open) const {
    uint32_t close = t_[open].match;
    if (close == kNone) return false;
    for (uint32_t k = open + 1, steps = 0; k < close && steps < 64; k = behind(k), steps++)
        if (op(k) == ':') return true;
    return false;
}

// What the % at `k` goes on from: the handle of the name before it, or kNone.
uint32_t Resolver::designator_before(uint32_t k) const {
    while (k > 0 && (op(k - 1) == ')' || op(k - 1) == ']')) {
        uint32_t open = t_[k - 1].match;
        if (open == kNone) return kNone;
        k = open;
    }
    return k > 0 ? chain_[k - 1] : kNone;
}

uint32_t Resolver::member(uint32_t k) {
    uint32_t base = designator_before(k - 1), entity = place(k, names_.in(kMembers, t_[k].name));
    names_.at(names_.root(entity)).state |= s_member;
    auto text = view(t_[k]);
    if (text.size() == 2 || word(k) == w_kind || word(k) == w_len) {  // %re, %im, %kind, %len of any variable
        char a = lower(text[0]), b = lower(text[1]);
        if (text.size() > 2 || (a == 'r' && b == 'e') || (a == 'i' && b == 'm')) names_.at(names_.root(entity)).flags |= fixed;
    }
    accesses_.push_back({base, entity});
    chain_[k] = uint32_t(accesses_.size() - 1) * 2 + 1;
    return entity;
}

// A word of an expression; `callee` is the handle of the name before the innermost bracket. Returns the index behind it.
uint32_t Resolver::word_in_expression(uint32_t k, uint32_t end, uint32_t callee) {
    if (k > 0 && op(k - 1) == '%') return member(k), k + 1;
    if (callee != kNone && is_keyword(k)) {
        if (callee != kIntrinsic) keywords_.push_back({t_[k].begin, t_[k].length, callee, t_[k].name});
        return k + 1;
    }
    // The suffix of a BOZ literal, as in 'ff'x
    if (k > 0 && t_[k - 1].kind == Kind::string && t_[k].length == 1 && t_[k - 1].begin + t_[k - 1].length == t_[k].begin) return k + 1;
    switch (word(k)) {  // the type of an array constructor or of what is allocated
        case w_integer: case w_real: case w_complex: case w_logical: case w_character: case w_double_: {
            uint32_t close = word(k) == w_double_ ? k + 2 : behind(k + 1), type;
            if (op(k + 1) == op_colons || op(close) == op_colons) return std::min(end, type_spec(k, type));
            break;
        }
        case w_operator_: case w_assignment:
            if (op(k + 1) == '(' && k + 3 < size() && !is_word(k + 2)) return behind(k + 1);
            break;
        default: break;
    }
    bool called = op(k + 1) == '(' && k + 1 < size();
    refer(k, !called ? 0 : cuts(k + 1) ? uint32_t(s_variable) : uint32_t(s_called));
    return k + 1;
}

// The names of the tokens from `i` to `end`; the first bracket holds a control list when `control`.
void Resolver::expression(uint32_t i, uint32_t end, bool control) {
    std::vector<uint32_t> callees;  // of the open brackets
    end = std::min(end, size());
    for (uint32_t k = i; k < end;) {
        char o = op(k);
        if (o == '(' || o == '[') {
            bool after_name = k > 0 && t_[k - 1].kind == Kind::word && o == '(';
            callees.push_back(control && k == i ? uint32_t(kIntrinsic) : after_name ? chain_[k - 1] : kNone);
            k++;
        } else if (o == ')' || o == ']') {
            if (!callees.empty()) callees.pop_back();
            k++;
        } else if (is_word(k)) {
            k = word_in_expression(k, end, callees.empty() ? kNone : callees.back());
        } else {
            k++;
        }
    }
}

}  // namespace hpcraft::fortran
