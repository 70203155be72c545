// Decides, when an outermost program unit has ended, what the names of its scopes mean: host and use association, externals,
// implicit variables.
#include <algorithm>

#include "fortran_names.h"

namespace hpcraft::fortran {

// The entity that a scope's use of a module gives for a name.
uint32_t Names::in_module(uint32_t scope, uint32_t name, int &budget) {
    std::vector<uint32_t> todo{scope};
    for (size_t i = 0; i < todo.size() && budget-- > 0; i++) {
        uint32_t found = find(todo[i], name);
        // Not a name that the module itself only mentions.
        if (found != kNone && ((entities_[found].flags & declared) || entities_[root(found)].scope != kGlobal)) return found;
        uint32_t use = scopes_[todo[i]].use;
        for (; use != kNone && todo.size() < 256; use = uses_[use].next) todo.push_back(uses_[use].scope);
    }
    return kNone;
}

// What an entity that its scope doesn't declare is the same as: something of a module or of the host.
uint32_t Names::host_entity(uint32_t entity) {
    uint32_t name = entities_[entity].name;
    int budget = 512;
    for (uint32_t scope = entities_[entity].scope; scope != kGlobal; scope = scopes_[scope].parent) {
        uint32_t found = scope == entities_[entity].scope ? kNone : find(scope, name);
        if (found != kNone) return found;
        for (uint32_t use = scopes_[scope].use; use != kNone && budget > 0; use = uses_[use].next) {
            found = in_module(uses_[use].scope, name, budget);
            if (found != kNone && found != entity) return found;
        }
    }
    return kNone;
}

void Names::settle_scopes(bool fragment) {
    if (fragment && settled_scopes_ < scopes_.size()) scopes_[settled_scopes_].wildcard = scopes_[settled_scopes_].implicit_none = true;
    for (uint32_t i = settled_scopes_; i < scopes_.size(); i++) {
        Scope &scope = scopes_[i];
        const Scope &host = scopes_[scope.parent];
        scope.wildcard |= host.wildcard;
        if (!scope.implicit_given) scope.implicit_none |= host.implicit_none;
        if (scope.implicit == kNone) scope.implicit = host.implicit;
    }
    settled_scopes_ = uint32_t(scopes_.size());
}

// An implicit type binds the first letter of the name that may stand for it.
void Names::constrain(uint32_t entity, uint32_t scope, uint32_t target) {
    if (scopes_[scope].implicit_none) return;
    auto first = lower(words.text(entities_[entity].name)[0]);
    if (first < 'a' || first > 'z') return;
    const Types &types = types_[scopes_[scope].implicit];
    uint32_t type = types[uint32_t(first - 'a')];
    uint8_t letters = uint8_t((types['v' - 'a'] == type) | (types['f' - 'a'] == type) << 1 | (types['i' - 'a'] == type) << 2);
    entities_[root(target)].letters &= letters;
}

void Names::settle_declared(uint32_t entity) {
    Entity &e = entities_[entity];
    constexpr uint32_t kOwn = s_array | s_variable | s_dummy | s_procedure | s_type | s_label | s_generic | s_assigned | s_member;
    bool typed = e.state & s_typed, variable_or_function = !(e.state & (s_sub | s_type | s_label | s_module | s_generic));
    bool external = (e.state & s_external) && !(e.state & s_dummy);
    external |= typed && (e.state & s_called) && !(e.state & kOwn);
    bool procedure_of_own = (e.state & s_procedure) && !(e.state & (s_external | s_dummy));
    uint32_t scope = e.scope;
    if (external) {
        // That an intrinsic's type is declared makes it no function of the program's.
        e.flags &= uint8_t(e.state & s_external ? ~local : ~(local | declared));
        entities_[entity].state |= s_procedure;
        join(in(kGlobal, entities_[entity].name), entity);
    } else if (!(e.state & (s_intrinsic | s_generic))) {
        e.flags |= local;
    }
    if ((!typed || (entities_[entity].state & s_early)) && variable_or_function && !procedure_of_own) constrain(entity, scope, entity);
}

void Names::settle_undeclared(uint32_t entity) {
    uint32_t host = host_entity(entity);
    if (host != kNone) {
        join(host, entity);
        return;
    }
    uint32_t scope = entities_[entity].scope, state = entities_[entity].state, name = entities_[entity].name;
    bool unknown = scopes_[scope].wildcard || scopes_[scope].implicit_none;
    bool called = (state & (s_called | s_sub)) && !(state & s_assigned);
    if (called || unknown) {
        uint32_t target = in(kGlobal, name);
        // An array of a module that is not here looks like a function.
        if (called && !(scopes_[scope].wildcard && (state & s_variable))) entities_[root(target)].state |= s_procedure;
        if (!(state & s_sub)) constrain(entity, scope, target);
        join(target, entity);
        return;
    }
    entities_[entity].flags |= declared | local;
    if (state & s_assigned) entities_[entity].state |= s_procedure;  // a statement function
    constrain(entity, scope, entity);
}

void Names::settle(bool fragment) {
    settle_scopes(fragment);
    std::vector<uint32_t> order;
    for (uint32_t i = settled_entities_; i < count(); i++)
        if (entities_[i].scope >= kFirstScope && entities_[i].scope < scopes_.size() && entities_[i].alias == i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return entities_[a].scope < entities_[b].scope; });
    for (uint32_t entity : order) {  // that a contained procedure calls a name tells what the host's declaration means
        const Entity &e = entities_[entity];
        if ((e.flags & declared) || !(e.state & (s_called | s_sub))) continue;
        uint32_t host = kNone;
        for (uint32_t s = e.scope; host == kNone && s != kGlobal;) host = find(s = scopes_[s].parent, e.name);
        if (host != kNone) entities_[root(host)].state |= e.state & (s_called | s_sub | s_variable);
    }
    for (uint32_t entity : order) {
        if (entities_[entity].alias != entity) continue;
        if (entities_[entity].flags & declared) settle_declared(entity);
        else settle_undeclared(entity);
    }
    for (auto [function, scope] : implicit_functions_) constrain(function, scope, function);
    implicit_functions_.clear();
    settled_entities_ = count();
}

}  // namespace hpcraft::fortran
