// Use association: what USE makes known.
#include "fortran_resolve.h"

namespace hpcraft::fortran {

// USE [, nature] [::] module [, ONLY: list | , renamings]
void Resolver::use_statement(uint32_t i) {
    open_unnamed();
    uint32_t k = i + 1;
    if (op(k) == ',') k = find_op(i, op_colons);
    if (op(k) == op_colons) k++;
    if (!is_word(k) || macro_at(k)) return;
    uint32_t module = place(k, names_.in(kGlobal, t_[k].name));
    names_.at(names_.root(module)).state |= s_module;
    auto found = modules_.find(names_.root(module));
    uint32_t scope = found == modules_.end() ? kNone : found->second;
    if (scope == kNone) includes_.push_back(view(t_[k]));
    bool only = op(k + 1) == ',' && word(k + 2) == w_only;
    if (!only && scope != kNone && scope != scope_) names_.add_use(scope_, scope);
    if (!only && scope == kNone) names_.scope(scope_).wildcard = true;
    use_list(k + (only ? 4 : 2), scope, only);
}

void Resolver::use_list(uint32_t i, uint32_t module_scope, bool only) {
    for (uint32_t k = i; k < size();) {
        uint32_t comma = find_op(k, ',');
        if (is_word(k) && op(k + 1) == op_arrow && is_word(k + 2)) use_item(k, k + 1, module_scope);
        else if (is_word(k) && op(k + 1) != '(' && only) use_item(k, kNone, module_scope);
        k = comma + 1;
    }
}

// An item of a list: `name`, or `name => name in the module`.
void Resolver::use_item(uint32_t i, uint32_t arrow, uint32_t module_scope) {
    uint32_t there = arrow == kNone ? i : arrow + 1, name = t_[there].name, target = kNone;
    int budget = 512;
    if (module_scope != kNone) target = names_.in_module(module_scope, name, budget);
    if (target == kNone) {
        target = names_.in(kGlobal, name);
        names_.at(names_.root(target)).flags |= fixed;
    }
    place(there, target);
    if (arrow != kNone) {
        if (macro_at(i)) return;
        uint32_t entity = declare(i, s_imported | s_variable);
        Entity &e = names_.at(entity);
        const Entity &original = names_.at(names_.root(target));
        e.state |= original.state & ~uint32_t(s_external);
        if (original.state == 0) e.state |= s_generic;  // no one knows what it is: no type of its own to lose
        e.state |= s_typed;
        e.body = original.body;
        e.type = original.type;
        links_.push_back({entity, target, false});
        return;
    }
    uint32_t present = names_.find(scope_, name);
    if (present == kNone) names_.enter(scope_, name, target);
    else if (names_.root(present) != names_.root(target)) names_.join(target, present);
}

}  // namespace hpcraft::fortran
