// Tells statements apart by where their words stand, and walks over those that act.
#include "fortran_resolve.h"

namespace hpcraft::fortran {

// The index of the = or => of an assignment that begins at `i`, or 0.
uint32_t Resolver::assignment_at(uint32_t i) const {
    if (!is_word(i)) return 0;
    uint32_t k = i + 1;
    while (k < size()) {
        if (op(k) == '(' || op(k) == '[') k = behind(k);
        else if (op(k) == '%' && is_word(k + 1)) k += 2;
        else break;
    }
    return op(k) == '=' || op(k) == op_arrow ? k : 0;
}

void Resolver::assignment(uint32_t i, uint32_t equals) {
    // DO10I=1,N of fixed form: blanks don't matter there, so the name can't be told from the keyword.
    if (scanner_.fixed() && equals == i + 1 && find_op(equals, ',') < size()) {
        auto text = view(t_[i]);
        size_t k = 2;
        while (k < text.size() && is_digit(text[k])) k++;
        if (text.size() > 2 && lower(text[0]) == 'd' && lower(text[1]) == 'o' && k < text.size()) {
            fix(text.substr(k));
            return expression(equals + 1, size());
        }
    }
    refer(i, op(i + 1) == '(' ? (cuts(i + 1) ? s_assigned | s_variable : s_assigned) : 0);
    expression(i + 1, size());
}

void Resolver::statement() {
    uint32_t i = t_[0].kind == Kind::number ? 1 : 0;
    if (is_word(i) && op(i + 1) == ':' && is_word(i + 2)) {
        declare(i, s_label);
        i += 2;
    }
    if (i < size()) dispatch(i);
}

void Resolver::dispatch(uint32_t i) {
    for (;;) {
        if (i >= size()) return;
        bool in_definition = !open_.empty() && (open_.back().frame == Frame::type);
        bool head_macro = is_word(i) && t_[i].name < macro_names_.size() && macro_names_[t_[i].name] && macros_.count(view(t_[i]));
        uint32_t equals = in_definition || head_macro ? 0 : assignment_at(i);
        if (equals || head_macro || !is_word(i)) {
            if (scope_ == kGlobal) open_unnamed();
            return equals ? assignment(i, equals) : expression(i, size());
        }
        if (word(i) == w_if_ && op(i + 1) == '(') {  // an arithmetic IF has a number behind its condition
            if (scope_ == kGlobal) open_unnamed();
            expression(i + 1, behind(i + 1));
            i = behind(i + 1);
            if (word(i) == w_then) return construct_name(i + 1);
            continue;
        }
        if (in_definition) return in_type(i);
        if (dispatch_unit(i)) return;
        if (scope_ == kGlobal) open_unnamed();
        if (dispatch_declaration(i) || dispatch_block(i) || dispatch_action(i)) return;
        return unknown_statement(i);
    }
}

// An end of anything, told from the words behind END; `after` is where the name is.
uint32_t Resolver::end_word(uint32_t i, uint32_t &after) const {
    uint32_t w = word(i);
    if (w != w_end) return after = i + 1, w > w_end && w <= w_endwhere && w != w_endfile ? w : 0;
    static constexpr uint32_t kPairs[][2] = {
        {w_associate, w_endassociate}, {w_block, w_endblock}, {w_blockdata, w_endblockdata}, {w_critical, w_endcritical}, {w_do_, w_enddo},
        {w_enum_, w_endenum}, {w_forall, w_endforall}, {w_function, w_endfunction}, {w_if_, w_endif}, {w_interface, w_endinterface},
        {w_module, w_endmodule}, {w_procedure, w_endprocedure}, {w_program, w_endprogram}, {w_select, w_endselect},
        {w_submodule, w_endsubmodule}, {w_subroutine, w_endsubroutine}, {w_type, w_endtype}, {w_where, w_endwhere}};
    after = i + 1;
    if (i + 1 >= size()) return w_end;
    if (word(i + 1) == w_block && word(i + 2) == w_data) return after = i + 3, w_endblockdata;
    for (auto &pair : kPairs)
        if (word(i + 1) == pair[0]) return after = i + 2, pair[1];
    return w_nothing;
}

void Resolver::end_statement(uint32_t i) {
    uint32_t after = 0, w = end_word(i, after);
    auto top = [&] { return open_.empty() ? Frame::unit : open_.back().frame; };
    auto leave = [&](Frame frame) {
        if (!open_.empty() && top() == frame) pop();
        construct_name(after);
    };
    switch (w) {
        case w_endtype: return leave(Frame::type);
        case w_endenum: return leave(Frame::enumeration);
        case w_endblock: return leave(Frame::block);
        case w_endassociate: return leave(Frame::associate);
        case w_endselect: return leave(Frame::select);
        case w_endinterface:
            if (!open_.empty() && top() == Frame::interface) pop();
            if (is_word(after) && after + 1 == size()) refer(after);
            return;
        case w_enddo: case w_endif: case w_endwhere: case w_endforall: case w_endcritical: return construct_name(after);
        default: break;
    }
    while (!open_.empty() && top() != Frame::unit) pop();
    if (open_.empty()) return;
    Open unit = open_.back();
    bool procedure = unit.word == w_subroutine || unit.word == w_function || unit.word == w_procedure;
    bool ends_procedure = w == w_endsubroutine || w == w_endfunction || w == w_endprocedure;
    // The other branch of an #if ends what has ended.
    if (w != w_end && ends_procedure != procedure && !(unit.unnamed && w == w_endprogram)) return;
    if (is_word(after)) {
        if (unit.entity != kNone && names_.at(names_.root(unit.entity)).name == t_[after].name) place(after, unit.entity);
        else refer(after);
    }
    close_unit();
}

// The name of a construct behind its words, if there is one: one that no construct declared is a mistake, and stays in its scope.
void Resolver::construct_name(uint32_t i) {
    if (is_word(i) && i + 1 == size()) refer(i, 0);
    else if (i < size()) expression(i, size());
}

void Resolver::do_statement(uint32_t i) {
    uint32_t k = i + 1;
    if (k < size() && t_[k].kind == Kind::number) k++;
    if (op(k) == ',') k++;
    if (word(k) == w_while_ && op(k + 1) == '(') return expression(k + 1, size());
    if (word(k) == w_concurrent && op(k + 1) == '(') {
        k++;
        uint32_t close = behind(k), inside = k + 1;
        if (word(k + 1) == w_integer && find_op(k + 1, op_colons) < close) {
            inside = find_op(k + 1, op_colons) + 1;
            if (is_word(inside)) declare(inside, s_typed | s_variable);
            expression(inside + 1, close);
        } else {
            expression(k, close);
        }
        for (k = close; k < size(); k = behind(k))  // local(a), shared(b), reduce(+: c)
            if (op(k) == '(') expression(k, behind(k));
        return;
    }
    if (is_word(k) || op(k) == '(') expression(k, size());
}

void Resolver::associate_statement(uint32_t i) {
    uint32_t open = i + 1, close = behind(open), outer = scope_, inner = names_.open(scope_);
    for (uint32_t k = open + 1; k + 1 < close;) {
        uint32_t comma = k;
        while (comma < close && op(comma) != ',' && op(comma) != ')') comma = behind(comma);
        if (is_word(k) && op(k + 1) == op_arrow) {
            expression(k + 2, comma);
            scope_ = inner;
            declare(k, s_typed | s_variable);
            scope_ = outer;
        } else {
            expression(k, comma);
        }
        k = comma + 1;
    }
    push(word(i) == w_associate ? Frame::associate : Frame::select, kNone, inner);
}

void Resolver::select_statement(uint32_t i) {
    uint32_t open = i + 1;
    while (open < size() && op(open) != '(') open++;
    if (is_word(open + 1) && op(open + 2) == op_arrow) return associate_statement(open - 1);
    push(Frame::select, kNone, scope_);
    expression(open, size());
}

// TYPE IS (t), CLASS IS (t), CLASS DEFAULT, RANK (1)
void Resolver::type_guard(uint32_t i) {
    uint32_t open = i + 2;
    if (op(open) != '(') return;
    uint32_t type = kNone;
    if (word(open + 1) != 0 && op(open + 2) == ')') {
        switch (word(open + 1)) {
            case w_integer: case w_real: case w_complex: case w_logical: case w_character: break;
            default: names_.at(names_.root(refer(open + 1))).state |= s_type;
        }
    } else {
        type_spec(open + 1, type);
    }
    construct_name(behind(open));
}

bool Resolver::dispatch_block(uint32_t i) {
    uint32_t after = 0;
    switch (word(i)) {
        case w_do_: return do_statement(i), true;
        case w_select: case w_selectcase: case w_selecttype: return select_statement(i), true;
        case w_associate: return op(i + 1) == '(' ? (associate_statement(i), true) : false;
        case w_block: return push(Frame::block, kNone, names_.open(scope_)), true;
        case w_type: case w_class_: return type_guard(i), true;
        case w_case_: case w_rank: case w_where: case w_forall: case w_elseif: case w_elsewhere: case w_critical: case w_change: {
            uint32_t k = i + 1;
            if (op(k) == '(') expression(k, behind(k)), k = behind(k);
            if (word(i) == w_case_ && is_word(k) && k == i + 1) k++;  // DEFAULT
            if (word(k) == w_then) k++;
            if (is_word(k) && (word(i) == w_where || word(i) == w_forall) && k + 1 < size()) return dispatch(k), true;
            return construct_name(k), true;
        }
        case w_else_: {
            uint32_t k = i + 1;
            if (word(k) == w_if_ || word(k) == w_where) k++;
            if (op(k) == '(') expression(k, behind(k)), k = behind(k);
            if (word(k) == w_then) k++;
            return construct_name(k), true;
        }
        default: break;
    }
    if (end_word(i, after)) return end_statement(i), true;
    return false;
}

bool Resolver::dispatch_action(uint32_t i) {
    switch (word(i)) {
        case w_call: {
            if (!is_word(i + 1)) return false;
            bool component = op(i + 2) == '%' || (op(i + 2) == '(' && op(behind(i + 2)) == '%');
            refer(i + 1, component ? 0 : uint32_t(s_sub));
            return expression(i + 2, size()), true;
        }
        case w_allocate: case w_deallocate: case w_nullify: case w_open: case w_close: case w_inquire: case w_read: case w_write:
        case w_rewind: case w_backspace: case w_endfile: case w_flush: case w_wait: case w_sync: case w_lock: case w_unlock: case w_event:
            if (word(i) == w_sync || word(i) == w_event) i++;
            return expression(i + 1, size(), true), true;
        case w_end:
            return word(i + 1) == w_file ? (expression(i + 2, size(), true), true) : false;
        case w_go: return expression(i + 2, size()), true;
        case w_error: case w_fail: return expression(i + 2, size()), true;
        case w_assign: {
            uint32_t k = i + 2;
            return word(k) == w_to ? (expression(k + 1, size()), true) : false;
        }
        case w_print: case w_stop: case w_pause: case w_return_: case w_goto_: case w_cycle: case w_exit: case w_data: case w_equivalence:
            return expression(i + 1, size()), true;
        case w_continue_: case w_format: case w_sequence: case w_contains: return true;
        default: return false;
    }
}

// No statement that is known: a macro, an extension, or keywords of fixed form that touch a name.
void Resolver::unknown_statement(uint32_t i) {
    static constexpr std::string_view kGlued[] = {"subroutine", "function", "integer", "real", "logical", "complex",
                                                  "character", "dimension", "doubleprecision", "common", "data", "call",
                                                  "goto", "external", "parameter", "program", "return"};
    auto text = view(t_[i]);
    for (auto keyword : kGlued) {
        if (!scanner_.fixed() || text.size() <= keyword.size()) continue;
        bool begins = true;
        for (size_t k = 0; k < keyword.size(); k++) begins &= lower(text[k]) == keyword[k];
        if (begins) {
            fix(text.substr(keyword.size()));
            for (uint32_t k = i + 1; k < size(); k++)
                if (is_word(k) && keyword != "call") fix(view(t_[k]));
            return expression(i + 1, size());
        }
    }
    fix(text);
    // A type that is a macro of a header, as in `PetscInt n` or `PetscInt, parameter :: n = 3`
    uint32_t colons = find_op(i, op_colons), state = s_typed;
    if (colons < size()) return attributes(i + 1, colons, state), entities(colons + 1, state, kNone);
    if (is_word(i + 1)) return entities(i + 1, state, kNone);
    expression(i + 1, size());
}

}  // namespace hpcraft::fortran
