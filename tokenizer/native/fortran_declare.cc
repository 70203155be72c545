// Declarations of variables and their attributes, COMMON, NAMELIST, PARAMETER.
#include "fortran_resolve.h"

namespace hpcraft::fortran {

// The type at `i`: its names are noted, `type` is the entity of a derived one. Returns the index behind it.
uint32_t Resolver::type_spec(uint32_t i, uint32_t &type) {
    uint32_t k = i + 1;
    type = kIntrinsic;
    switch (word(i)) {
        case w_double_: return k + 1;
        case w_type: case w_class_: case w_procedure: {
            if (op(k) != '(') return k;
            uint32_t close = behind(k), unused;
            switch (word(k + 1)) {
                case w_integer: case w_real: case w_complex: case w_logical: case w_character: case w_double_:
                    type_spec(k + 1, unused);
                    break;
                case w_nothing: break;
                default:
                    if (!macro_at(k + 1)) {
                        type = refer(k + 1, word(i) == w_procedure ? uint32_t(s_procedure) : uint32_t(s_type));
                        expression(k + 2, close - 1, true);
                    }
            }
            return close;
        }
        default: break;
    }
    if (op(k) == '*') {
        if (op(k + 1) == '(') expression(k + 1, behind(k + 1), true);
        return behind(k + 1);
    }
    if (op(k) == '(') return expression(k, behind(k), true), behind(k);
    return k;
}

// What the attributes between a type and :: say.
uint32_t Resolver::attributes(uint32_t i, uint32_t end, uint32_t &state) {
    for (uint32_t k = i; k < end; k++) {
        switch (word(k)) {
            case w_dimension: state |= s_array; break;
            case w_parameter: case w_allocatable: case w_target: case w_save: case w_value: case w_intent: case w_contiguous:
                state |= s_variable;
                break;
            case w_pointer: break;
            case w_external: state |= s_external; break;
            case w_intrinsic: state |= s_intrinsic; break;
            default: break;
        }
        if (op(k) == '(' || op(k) == '[') {
            if (word(k - 1) == w_bind) binding_name(k);
            else if (word(k - 1) != w_intent && word(k - 1) != w_pass) expression(k, behind(k), true);
            k = behind(k) - 1;
        }
    }
    return end + 1;
}

void Resolver::type_declaration(uint32_t i) {
    uint32_t type = kNone, state = word(i) == w_procedure ? s_procedure | s_variable : 0, k = type_spec(i, type);
    uint32_t interface = word(i) == w_procedure && type != kIntrinsic ? type : kNone;
    uint32_t colons = find_op(k, op_colons);
    if (colons < size()) k = attributes(k, colons, state);
    else if (op(k) == ',') k++;
    size_t before = places_.size();
    entities(k, state | s_typed, word(i) == w_procedure ? uint32_t(kIntrinsic) : type);
    if (interface == kNone) return;
    bool first_only = !open_.empty() && open_.back().frame == Frame::type;
    for (size_t p = before; p < places_.size(); p++) {
        links_.push_back({places_[p].symbol, interface, false});
        if (first_only) break;
    }
}

void Resolver::entities(uint32_t i, uint32_t state, uint32_t type) {
    for (uint32_t k = i; k < size();) {
        if (is_word(k)) k = entity(k, state, type);
        else k = behind(k);
        if (op(k) == ',') k++;
    }
}

// Declares one name with what follows it. Returns the index behind.
uint32_t Resolver::entity(uint32_t i, uint32_t state, uint32_t type) {
    bool component = !open_.empty() && open_.back().frame == Frame::type, array = op(i + 1) == '(';
    uint32_t k = i + 1;
    if (array) state |= s_array;
    while (op(k) == '(' || op(k) == '[') expression(k, behind(k), true), k = behind(k);
    if (op(k) == '*') expression(k + 1, behind(k + 1)), k = behind(k + 1);
    if (op(k) == '(') state |= s_array, expression(k, behind(k), true), k = behind(k);
    bool initialised = op(k) == '=' || op(k) == op_arrow || op(k) == '/';
    if (initialised && !(state & s_procedure)) state |= s_variable;
    if (component) {
        uint32_t entity = names_.in(kMembers, t_[i].name);
        Entity &e = names_.at(names_.root(entity));
        e.flags |= declared;
        e.state |= s_member;
        place(i, entity);
        components_[uint64_t(open_.back().entity) << 32 | entity] = type;
    } else {
        uint32_t entity = declare(i, state);
        if (entity != kNone && type != kNone) names_.at(names_.root(entity)).type = type;
    }
    return initialised ? initial(k) : k;
}

// An initial value: `= expression`, `=> target`, `/values/`. Returns the index behind it.
uint32_t Resolver::initial(uint32_t i) {
    uint32_t end = op(i) == '/' ? find_op(i + 1, '/') : find_op(i, ',');
    expression(i + 1, end);
    return op(i) == '/' ? end + 1 : end;
}

// EXTERNAL f, DIMENSION a(3), SAVE a, /blk/, PUBLIC :: a, INTENT(IN) :: a, ...
void Resolver::attribute_statement(uint32_t i) {
    uint32_t state = 0, k = i + 1;
    switch (word(i)) {
        case w_dimension: case w_codimension: state = s_array; break;
        case w_external: state = s_external; break;
        case w_intrinsic: state = s_intrinsic; break;
        case w_optional: case w_pointer: case w_volatile_: case w_asynchronous: case w_save: break;
        default: state = s_variable;
    }
    if ((word(i) == w_intent || word(i) == w_bind) && op(k) == '(') {
        if (word(i) == w_bind) binding_name(k);
        k = behind(k);
    }
    if (op(k) == op_colons) k++;
    bool access = word(i) == w_public_ || word(i) == w_private_;
    while (k < size()) {
        if (op(k) == '/' && is_word(k + 1)) {
            names_.at(place(k + 1, names_.in(kCommons, t_[k + 1].name))).flags |= declared;
            k += 3;
        } else if (is_word(k) && access) {
            if (op(k + 1) == '(') k = behind(k + 1);
            else refer(k++);
        } else if (is_word(k)) {
            if (word(i) == w_intrinsic) names_.at(names_.root(names_.in(scope_, t_[k].name))).flags |= fixed;
            k = entity(k, state, kNone);
        } else if (op(k) == '(') {  // Cray pointers
            expression(k, behind(k));
            k = behind(k);
        } else {
            k++;
        }
    }
}

// COMMON /block/ a, b(3) // c
void Resolver::common_statement(uint32_t i) {
    for (uint32_t k = i + 1; k < size();) {
        if (op(k) == '/' && is_word(k + 1) && op(k + 2) == '/') {
            Entity &e = names_.at(names_.in(kCommons, t_[k + 1].name));
            e.flags |= declared;
            place(k + 1, names_.in(kCommons, t_[k + 1].name));
            k += 3;
        } else if (is_word(k)) {
            k++;
            bool array = op(k) == '(';
            declare(k - 1, s_variable | (array ? uint32_t(s_array) : 0));
            if (array) expression(k, behind(k), true), k = behind(k);
        } else {
            k++;
        }
    }
}

// Input files know the names of groups and their items.
void Resolver::namelist_statement(uint32_t i) {
    for (uint32_t k = i + 1; k < size(); k++) {
        if (!is_word(k)) continue;
        bool group = op(k - 1) == '/' && op(k + 1) == '/';
        uint32_t entity = group ? declare(k, s_generic) : refer(k);
        if (entity == kNone) continue;
        names_.at(names_.root(entity)).flags |= fixed;
        names_.at(entity).flags |= fixed;
    }
}

void Resolver::parameter_statement(uint32_t i) {
    uint32_t k = op(i + 1) == '(' ? i + 2 : i + 1;
    while (k < size()) {
        uint32_t comma = k;
        while (comma < size() && op(comma) != ',' && op(comma) != ')') comma = behind(comma);
        if (is_word(k)) {
            declare(k, s_variable);
            expression(k + 1, comma);
        }
        k = comma + 1;
    }
}

bool Resolver::dispatch_declaration(uint32_t i) {
    uint32_t next = i + 1;
    switch (word(i)) {
        case w_type:
            if (op(next) == '(') return type_declaration(i), true;
            if (word(next) == w_is && op(next + 1) == '(') return false;
            return type_definition(i), true;
        case w_class_:
            if (op(next) == '(') return type_declaration(i), true;
            return false;
        case w_integer: case w_real: case w_complex: case w_logical: case w_character: case w_byte: case w_double_: case w_doubleprecision:
        case w_doublecomplex:
            return type_declaration(i), true;
        case w_procedure: return op(next) == '(' ? (type_declaration(i), true) : false;
        case w_dimension: case w_codimension: case w_external: case w_intrinsic: case w_allocatable: case w_pointer: case w_target:
        case w_optional: case w_save: case w_intent: case w_value: case w_volatile_: case w_asynchronous: case w_contiguous:
        case w_public_: case w_private_:
        case w_protected_: case w_automatic: case w_static_: case w_bind:
            return attribute_statement(i), true;
        case w_common: return common_statement(i), true;
        case w_namelist: return namelist_statement(i), true;
        case w_parameter: return parameter_statement(i), true;
        case w_enum_: return push(Frame::enumeration, kNone, scope_), true;
        case w_enumerator: {
            uint32_t colons = find_op(i, op_colons);
            return entities(colons < size() ? colons + 1 : next, s_typed | s_variable, kIntrinsic), true;
        }
        case w_generic: return false;
        default: return false;
    }
}

}  // namespace hpcraft::fortran
