// Program units, interfaces and the scopes that they open; USE and IMPLICIT.
#include "fortran_resolve.h"

namespace hpcraft::fortran {

Resolver::Open &Resolver::push(Frame frame, uint32_t entity, uint32_t scope) {
    open_.push_back({frame, scope_, entity});
    open_.back().branches = branches_;
    scope_ = scope;
    return open_.back();
}

void Resolver::pop() {
    const Open &last = open_.back();
    if (last.word == w_function && !last.has_result && last.entity != kNone && !(names_.at(names_.root(last.entity)).state & s_typed))
        names_.note_implicit(last.entity, scope_);
    scope_ = last.outer;
    open_.pop_back();
}

// Ends the innermost unit; after the outermost its names are settled.
void Resolver::close_unit() {
    while (!open_.empty() && open_.back().frame != Frame::unit) pop();
    if (!open_.empty()) pop();
    if (open_.empty()) names_.settle(false);
}

void Resolver::open_unnamed() {
    if (!open_.empty()) return;
    push(Frame::unit, kNone, names_.open(kGlobal)).unnamed = true;
}

// The SUBROUTINE or FUNCTION of a heading that begins at `i`, or kNone.
uint32_t Resolver::procedure_at(uint32_t i) const {
    for (uint32_t k = i; k < size();) {
        switch (word(k)) {
            case w_subroutine: return is_word(k + 1) ? k : kNone;
            case w_function: return is_word(k + 1) && op(k + 2) == '(' ? k : kNone;
            case w_recursive: case w_pure: case w_elemental: case w_impure: case w_non_recursive: case w_module: k++; break;
            case w_attributes: case w_type: case w_class_:
                if (op(k + 1) != '(') return kNone;
                k = behind(k + 1);
                break;
            case w_double_: k += 2; break;
            case w_integer: case w_real: case w_complex: case w_logical: case w_character: case w_byte: case w_doubleprecision:
            case w_doublecomplex:
                k++;
                if (op(k) == '*') k++, k = behind(k);
                else if (op(k) == '(') k = behind(k);
                break;
            default: return kNone;
        }
    }
    return kNone;
}

uint32_t Resolver::lookup(uint32_t scope, uint32_t name) const {
    Names &names = const_cast<Names &>(names_);
    for (; scope != kGlobal; scope = names.scope(scope).parent) {
        uint32_t found = names.find(scope, name);
        if (found != kNone) return found;
    }
    return kNone;
}

// Opens the procedure whose SUBROUTINE, FUNCTION or PROCEDURE stands at `i`; `separate` is one of a submodule. Returns its entity.
uint32_t Resolver::open_heading(uint32_t i, uint32_t head_word, bool separate) {
    auto procedure = [](const Open &o) { return o.word == w_subroutine || o.word == w_function || o.word == w_procedure || o.unnamed; };
    while (!open_.empty() && open_.back().frame != Frame::unit && open_.back().frame != Frame::interface) pop();
    bool again = false;
    if (!open_.empty() && open_.back().frame == Frame::unit && procedure(open_.back()) && !open_.back().contains) {
        again = open_.back().branches != branches_ && !open_.back().unnamed;  // the heading of another branch of an #if
        if (!again) close_unit();
    }
    bool body = !open_.empty() && open_.back().frame == Frame::interface;
    bool is_abstract = body && open_.back().is_abstract;
    uint32_t outer = again ? open_.back().outer : scope_, name = t_[i + 1].name;
    uint32_t found = separate && !body ? lookup(outer, name) : kNone;
    uint32_t entity = found != kNone ? found : names_.in(outer, name);
    Entity &e = names_.at(names_.root(entity));
    e.flags |= declared;
    e.state |= s_procedure;
    if (body && !is_abstract && !separate && !(e.state & s_dummy)) e.state |= s_external;
    if (body && open_.back().entity != kNone) links_.push_back({open_.back().entity, entity, false});
    place(i + 1, entity);
    uint32_t old = e.body, inner = again ? scope_ : names_.open(outer);
    if (!old) names_.at(names_.root(entity)).body = inner;
    names_.enter(inner, name, entity);
    if (separate && old && old != inner)
        for (uint32_t dummy : names_.dummies(old)) names_.enter(inner, names_.at(dummy).name, dummy);
    if (again) return entity;
    push(Frame::unit, entity, inner).word = head_word;
    return entity;
}

void Resolver::open_procedure(uint32_t i, uint32_t head) {
    bool typed = false, separate = false, in_interface = !open_.empty() && open_.back().frame == Frame::interface;
    for (uint32_t k = i; k < head; k++) separate |= word(k) == w_module;
    uint32_t entity = open_heading(head, word(head), separate);
    for (uint32_t k = i; k < head;) {
        switch (word(k)) {
            case w_recursive: case w_pure: case w_elemental: case w_impure: case w_non_recursive: case w_module: k++; break;
            case w_attributes: k = behind(k + 1); break;
            default: {
                uint32_t type = kNone;
                k = type_spec(k, type);
                typed = true;
            }
        }
    }
    uint32_t k = head + 2;
    if (op(k) == '(') k = arguments(k);
    for (; k < size(); k = behind(k)) {
        if (word(k) == w_result && op(k + 1) == '(' && is_word(k + 2)) {
            names_.add_dummy(scope_, declare(k + 2, s_variable | (typed ? uint32_t(s_typed) : 0)));
            open_.back().has_result = true;
            k++;
        } else if (word(k) == w_bind && op(k + 1) == '(') {
            // The linker knows a foreign procedure by this name.
            if (!binding_name(k + 1) && in_interface) names_.at(names_.root(entity)).flags |= fixed;
            k++;
        }
    }
    if (typed && !open_.back().has_result) names_.at(names_.root(entity)).state |= s_typed;
}

// BIND(C, NAME=..): whether there is a name, which is an expression.
bool Resolver::binding_name(uint32_t open) {
    for (uint32_t k = open + 1; k + 1 < behind(open); k++)
        if (op(k) == '=') return expression(k + 1, behind(open)), true;
    return false;
}

uint32_t Resolver::arguments(uint32_t i) {
    uint32_t close = behind(i);
    for (uint32_t k = i + 1; k < close; k++)
        if (is_word(k) && !macro_at(k)) names_.add_dummy(scope_, declare(k, s_dummy));
    return close;
}

void Resolver::open_module_procedure(uint32_t i) {
    open_heading(i - 1, w_procedure, true);
}

void Resolver::open_unit(uint32_t i, uint32_t unit_word) {
    while (!open_.empty()) close_unit();
    uint32_t inner = names_.open(kGlobal), entity = kNone;
    if (is_word(i)) {
        entity = names_.in(kGlobal, t_[i].name);
        Entity &e = names_.at(names_.root(entity));
        e.flags |= declared;
        e.state |= unit_word == w_module ? s_module | s_defined : s_procedure;
        place(i, entity);
        names_.enter(inner, t_[i].name, entity);
        if (unit_word == w_module) modules_[entity] = inner;
    }
    push(Frame::unit, entity, inner).word = unit_word;
}

// SUBMODULE (ancestor:parent) name
void Resolver::open_submodule(uint32_t i) {
    while (!open_.empty()) close_unit();
    uint32_t close = behind(i + 1), host = kNone;
    for (uint32_t k = i + 2; k + 1 < close; k++) {
        if (!is_word(k)) continue;
        uint32_t entity = place(k, names_.in(kGlobal, t_[k].name));
        names_.at(names_.root(entity)).state |= s_module;
        auto found = modules_.find(entity);
        host = found == modules_.end() ? kNone : found->second;
        if (host == kNone) includes_.push_back(view(t_[k]));
    }
    uint32_t inner = names_.open(host == kNone ? uint32_t(kGlobal) : host), entity = kNone;
    if (host == kNone) names_.scope(inner).wildcard = true;
    if (is_word(close)) {
        entity = place(close, names_.in(kGlobal, t_[close].name));
        Entity &e = names_.at(names_.root(entity));
        e.flags |= declared;
        e.state |= s_module | s_defined;
        modules_[entity] = inner;
    }
    push(Frame::unit, entity, inner).word = w_module;
}

bool Resolver::dispatch_unit(uint32_t i) {
    bool in_interface = !open_.empty() && open_.back().frame == Frame::interface, alone = is_word(i + 1) && i + 2 == size();
    if (uint32_t head = procedure_at(i); head != kNone) return open_procedure(i, head), true;
    switch (word(i)) {
        case w_program: return alone ? (open_unit(i + 1, w_program), true) : false;
        case w_blockdata: return open_unit(i + 1, w_blockdata), true;
        case w_block: return word(i + 1) == w_data ? (open_unit(i + 2, w_blockdata), true) : false;
        case w_submodule: return op(i + 1) == '(' ? (open_submodule(i), true) : false;
        case w_module:
            if (word(i + 1) == w_procedure && i + 2 < size())
                return in_interface ? procedure_list(i + 2) : open_module_procedure(i + 2), true;
            return alone ? (open_unit(i + 1, w_module), true) : false;
        case w_procedure: return in_interface ? (procedure_list(i + 1), true) : false;
        case w_interface: return interface_statement(i), true;
        case w_abstract: return word(i + 1) == w_interface ? (interface_statement(i), true) : false;
        case w_use: return use_statement(i), true;
        case w_implicit: return implicit_statement(i), true;
        case w_entry: return is_word(i + 1) ? (entry_statement(i), true) : false;
        case w_import:
            for (uint32_t k = i + 1; k < size(); k++)
                if (is_word(k) && word(k) != w_only) refer(k);
            return true;
        case w_contains:
            while (!open_.empty() && open_.back().frame != Frame::unit) pop();
            if (!open_.empty()) open_.back().contains = true;
            return true;
        default: return false;
    }
}

void Resolver::interface_statement(uint32_t i) {
    open_unnamed();
    bool is_abstract = word(i) == w_abstract;
    uint32_t k = i + (is_abstract ? 2 : 1), entity = kNone;
    if (is_word(k) && op(k + 1) != '(') entity = declare(k, s_generic | s_procedure);
    push(Frame::interface, entity, scope_).is_abstract = is_abstract;
}

// [MODULE] PROCEDURE [::] a, b in an interface
void Resolver::procedure_list(uint32_t i) {
    for (uint32_t k = i; k < size(); k++) {
        if (!is_word(k)) continue;
        uint32_t entity = refer(k, s_procedure);
        if (open_.back().entity != kNone && entity != kNone) links_.push_back({open_.back().entity, entity, false});
    }
}

void Resolver::entry_statement(uint32_t i) {
    uint32_t outer = open_.empty() ? uint32_t(kGlobal) : open_.back().outer;
    uint32_t entity = place(i + 1, names_.in(outer, t_[i + 1].name));
    Entity &e = names_.at(names_.root(entity));
    e.flags |= declared;
    e.state |= s_procedure;
    if (!e.body) e.body = scope_;
    if (!open_.empty() && open_.back().word == w_function) names_.note_implicit(entity, scope_);
    names_.enter(scope_, t_[i + 1].name, entity);
    uint32_t k = i + 2;
    if (op(k) == '(') k = arguments(k);
    if (word(k) == w_result && is_word(k + 2)) declare(k + 2, s_variable);
}

// IMPLICIT NONE | IMPLICIT type (letters) [, type (letters)] ..
void Resolver::implicit_statement(uint32_t i) {
    open_unnamed();
    Scope &scope = names_.scope(scope_);
    scope.implicit_given = true;
    scope.implicit_none = word(i + 1) == w_none;
    if (scope.implicit_none) return;
    uint32_t table = names_.add_types(scope_);
    for (uint32_t k = i + 1; k < size();) {
        uint32_t comma = find_op(k, ','), close = comma - 1, type = kNone;
        if (op(close) != ')' || t_[close].match == kNone || t_[close].match < k) return;
        uint32_t letters = t_[close].match, hash = 2166136261u;
        for (uint32_t n = k; n < letters; n++)
            for (char c : view(t_[n])) hash = (hash ^ uint8_t(lower(c))) * 16777619u;
        hash ^= hash >> 15;
        for (uint32_t n = letters + 1; n < close; n++) {
            if (!is_word(n)) continue;
            int first = lower(text_[t_[n].begin]) - 'a', last = first;
            if (op(n + 1) == '-' && is_word(n + 2)) last = lower(text_[t_[n + 2].begin]) - 'a', n += 2;
            for (int letter = first; letter >= 0 && letter <= last && letter < 26; letter++) names_.types(table)[uint32_t(letter)] = hash;
        }
        if (letters > k + 1) type_spec(k, type);
        k = comma + 1;
    }
}

}  // namespace hpcraft::fortran
