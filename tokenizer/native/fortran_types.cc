// Derived types: their definitions, components and bound procedures.
#include "fortran_resolve.h"

namespace hpcraft::fortran {

// TYPE [, attributes] [::] name [(parameters)]
void Resolver::type_definition(uint32_t i) {
    uint32_t colons = find_op(i, op_colons), k = colons < size() ? colons + 1 : i + 1, parent = kNone;
    for (uint32_t a = i + 1; a < colons && colons < size(); a++) {
        if (word(a) == w_extends && op(a + 1) == '(' && is_word(a + 2)) parent = refer(a + 2, s_type);
        if (op(a) == '(') a = behind(a) - 1;
    }
    if (!is_word(k)) return;
    uint32_t type = declare(k, s_type | s_defined);
    if (type == kNone) return;
    push(Frame::type, type, scope_);
    if (parent != kNone) {
        parents_[type] = parent;
        // The parent is a component of its own, which is called as its type is.
        names_.join(parent, names_.in(kMembers, names_.at(parent).name));
    }
    for (uint32_t p = k + 2; op(k + 1) == '(' && p < behind(k + 1); p++) {
        if (!is_word(p)) continue;
        names_.at(declare(p, s_variable | s_typed)).flags |= fixed;  // a parameter is a component too
        fix(view(t_[p]));
    }
}

// A statement inside the definition of a type.
void Resolver::in_type(uint32_t i) {
    uint32_t after = 0;
    if (end_word(i, after)) return end_statement(i);
    uint32_t head = open_.back().contains ? kNone : procedure_at(i);
    if (head != kNone || word(i) == w_module || word(i) == w_use || word(i) == w_call) {  // the definition never ended
        pop();
        return dispatch(i);
    }
    switch (word(i)) {
        case w_contains: open_.back().contains = true; return;
        case w_private_: case w_public_: case w_sequence:
            if (i + 1 == size()) return;
            break;
        case w_generic: return generic_binding(i);
        case w_final:
            for (uint32_t k = i + 1; k < size(); k++)
                if (is_word(k)) refer(k, s_procedure);
            return;
        case w_procedure:
            if (open_.back().contains) return bindings(i);
            return type_declaration(i);
        case w_type: case w_class_: case w_integer: case w_real: case w_complex: case w_logical: case w_character: case w_byte:
        case w_double_: case w_doubleprecision: case w_doublecomplex:
            return type_declaration(i);
        default: break;
    }
    expression(i, size());
}

// PROCEDURE [(interface)] [, attributes] [::] binding [=> procedure], ...
void Resolver::bindings(uint32_t i) {
    uint32_t k = i + 1, interface = kNone, colons = find_op(i, op_colons), passed = kNone;
    if (op(k) == '(') {
        if (is_word(k + 1)) interface = refer(k + 1, s_procedure);
        k = behind(k);
    }
    if (colons < size()) {
        for (uint32_t a = k; a < colons; a++)
            if (word(a) == w_pass && op(a + 1) == '(') passed = a + 2;
        k = colons + 1;
    }
    uint32_t type = open_.back().entity;
    for (; k < size(); k++) {
        if (!is_word(k)) continue;
        uint32_t member = names_.in(kMembers, t_[k].name), procedure = interface;
        Entity &e = names_.at(names_.root(member));
        e.flags |= declared;
        e.state |= s_member;
        bool renamed = op(k + 1) == op_arrow && is_word(k + 2), own = !renamed && interface == kNone;
        if (own) procedure = names_.in(scope_, t_[k].name);
        place(k, member);
        if (renamed) procedure = refer(k += 2, s_procedure);
        if (own) names_.at(procedure).state |= s_procedure, names_.join(procedure, member);
        if (procedure == kNone) continue;
        links_.push_back({member, procedure, true});
        bindings_.push_back({type, member, procedure});
        if (passed != kNone) keywords_.push_back({t_[passed].begin, t_[passed].length, procedure << 1, t_[passed].name});
    }
}

// GENERIC [, access] :: name => binding, ... (in a type)
void Resolver::generic_binding(uint32_t i) {
    uint32_t colons = find_op(i, op_colons), arrow = find_op(i, op_arrow);
    if (colons == size() || arrow == size()) return;
    uint32_t generic = kNone;
    if (is_word(colons + 1) && op(colons + 2) != '(') {
        generic = place(colons + 1, names_.in(kMembers, t_[colons + 1].name));
        Entity &e = names_.at(names_.root(generic));
        e.flags |= declared;
        e.state |= s_member;
        bindings_.push_back({open_.back().entity, generic, kNone});
    }
    for (uint32_t k = arrow + 1; k < size(); k++) {
        if (!is_word(k)) continue;
        uint32_t member = place(k, names_.in(kMembers, t_[k].name));
        names_.at(names_.root(member)).state |= s_member;
        if (generic != kNone) links_.push_back({generic, member, false});
    }
}

}  // namespace hpcraft::fortran
