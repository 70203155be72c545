// Declarators: pointers, names, parameters, and what follows them.
#include "c_parser.h"

namespace hpcraft {

void Parser::pointers() {
    while (true) {
        const Tok token = peek();
        if (token.is("*") || token.is("&") || token.is("&&") || token.is("^") || token.is(Word::specifier) || token.is("...")) {
            take();
        } else if (token.is(Word::attribute)) {
            attribute();
        } else if (token.is("[") && peek(1).is("[")) {
            square_attribute();
        } else {
            return;
        }
    }
}

Declarator Parser::declarator(Where where, const Specifiers &found) {
    Declarator made;
    pointers();
    direct(where, found, made);
    suffixes(where, found, made, false);
    return made;
}

// Gives the declared name its symbol.
void Parser::declare(const Tok &token, Where where, const Specifiers &found, bool function) {
    char kind = found.is_typedef ? 't' : function ? 'f' : 'v';
    bool outside = where == Where::file || (where == Where::local && (found.is_extern || function) && !found.is_typedef);
    if (where == Where::klass && !(plus_ && found.is_friend)) {
        if (!plus_) return member(token, true);
        uint32_t symbol = names_.outer(token.value, kind == 'v' ? 'm' : kind, token.value != class_);
        if (unknown_base_ && token.value != class_) names_.meaning(symbol).flags |= fixed;
        if (token.value != class_) names_.meaning(symbol).flags |= hpcraft::member;
        if (names_.is_local(token.value)) names_[token.value].traits |= pin_all;
        return record(token, symbol);
    }
    if (outside || where == Where::klass) {
        uint32_t symbol = names_.outer(token.value, kind, true);
        if (where == Where::local) names_.bind_to(token.value, symbol);
        return record(token, symbol);
    }
    record(token, names_.bind(token.value, kind));
}

void Parser::operator_name() {
    take();
    if (peek().is("(") && peek(1).is(")")) {
        take();
        take();
        return;
    }
    if (peek().is("[")) {
        take();
        skip("]");
        return;
    }
    // A conversion (`operator T *`), a literal (`operator""_x`), new, delete, or an operator.
    for (int i = 0; i < 16 && !peek().is("(") && !peek().end_of_text() && !peek().is(";") && !peek().is("{"); i++) {
        if (peek().kind == Kind::string) {
            take();
            if (peek().kind == Kind::word) names_[peek().value].traits |= fix_all;
        }
        plain(1);
    }
}

// A::B<T>::name, ~A, operator+: names that are declared elsewhere.
void Parser::qualified_declarator() {
    Tok before;
    while (!peek().end_of_text()) {
        if (peek().is(Word::operator_)) return operator_name();
        if (!peek().name() && !peek().is("::") && !peek().is("~") && !peek().is(Word::template_)) return;
        if (peek().name() && before.name()) return;
        Tok token = take();
        if (token.name()) used(token, before);
        before = token;
        if (peek().is("<")) plain(past_template(0));
    }
}

void Parser::structured_binding(Where where) {
    take();
    while (!peek().is("]") && !peek().end_of_text() && !peek().is(";")) {
        Tok token = take();
        if (token.name()) declare(token, where, {}, false);
    }
    skip("]");
}

// The name itself, or a declarator in parentheses.
void Parser::direct(Where where, const Specifiers &found, Declarator &made) {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    const Tok token = peek();
    if (token.is("(")) {
        if (parentheses_declare(where)) direct_in_parentheses(where, found, made);
    } else if (token.is("[") && plus_ && !peek(1).is("[") && (where == Where::local || where == Where::head) && !made.named) {
        structured_binding(where);
        made.named = true;
    } else if (token.is(Word::operator_) || token.is("~") || token.is("::")) {
        made.named = made.function = true;
        qualified_declarator();
    } else if (token.name()) {
        direct_name(where, found, made);
    }
}

// At a parenthesis where a declarator is due: `(*name)`, `(name)(`, `(A::*name)`, against the parameters of a nameless function.
bool Parser::parentheses_declare(Where where) {
    const Tok first = peek(1), second = peek(2), third = peek(3);
    bool pointer = first.is("*") || first.is("&") || first.is("^");
    if (pointer || first.is("(") || first.is(Word::attribute)) return true;
    if (!first.name() || (where == Where::parameter && known_type(first))) return false;
    if (second.is(")")) return third.is("(") || third.is("[");
    return second.is("[") || ((second.is("*") || (second.is("::") && third.is("*"))) && third.kind != Kind::number);
}

void Parser::direct_in_parentheses(Where where, const Specifiers &found, Declarator &made) {
    bool function = peek(1).name() && peek(2).is(")") && peek(3).is("(");
    take();
    while (peek().name() && !peek(1).is(")") && !peek(1).is("[") && !peek(1).is("(")) plain(1);  // a calling convention, A::
    if (peek().is("::")) take();
    pointers();
    if (function && peek().name()) {
        made.named = made.function = true;
        declare(take(), where, found, true);
    } else {
        direct(where, found, made);
        suffixes(where, found, made, true);
    }
    if (!peek().is(")")) expression(0);
    skip(")");
}

void Parser::direct_name(Where where, const Specifiers &found, Declarator &made) {
    made.named = true;
    bool callable = false;
    size_t past = plus_ ? past_qualified(0, callable) : 1;
    if (callable || past > 1) {
        if (peek(past).is("*") && past > 1) plain(past);
        else qualified_declarator();
        if (peek().is("*")) {
            pointers();
            direct(where, found, made);
        }
        return;
    }
    if (past == 1 && peek(1).name() && (peek(2).is("(") || peek(2).name()) && !shouted(peek(1))) plain(1);  // a macro before the name
    bool function = peek(1).is("(") && (where == Where::klass || where == Where::file || where == Where::local);
    Tok name = take();
    if (function) function = parameters_follow(where, found) && !found.is_typedef;
    declare(name, where, found, function);
}

// The position behind macros that follow a name or a head: `int x UNUSED;`, `int f() NOEXCEPT {`, `int f() LOCKS(a) FREES(b) {`; 0 if
// something else follows, such as a new declaration.
size_t Parser::past_macros() {
    if (peek(1).is("{") || peek(1).is(";") || peek(1).is(",") || peek(1).is("=")) return 1;
    size_t past = 0;
    while (peek(past).name() && peek(past + 1).is("(")) {
        size_t close = past_parentheses(past + 1);
        if (!close) return 0;
        past = close;
    }
    return peek(past).is(";") || peek(past).is("{") ? past : 0;
}

// [..], (..) and what stands between a declarator and its end.
void Parser::suffixes(Where where, const Specifiers &found, Declarator &made, bool in_parentheses) {
    while (true) {
        const Tok token = peek();
        if (token.is("[") && peek(1).is("[")) {
            square_attribute();
        } else if (token.is("[")) {
            take();
            expression(0);
            if (!skip("]")) return;
        } else if (token.is("(")) {
            if (!parameters_follow(where, found)) return;
            parameters(where, made);
            if (!in_parentheses) made.function = true;
        } else if (token.is(Word::attribute)) {
            attribute();
        } else if (token.is(Word::asm_)) {
            asm_statement();
        } else if (token.name() && made.named && where != Where::parameter && !found.is_friend) {
            size_t past = past_macros();
            if (!past) return;
            plain(past);
        } else {
            return;
        }
    }
}

// Parameters in a scope of their own, which stays open for a body if it is the first.
void Parser::parameters(Where where, Declarator &made) {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    size_t close = 0;
    bool old = !plus_ && where != Where::parameter && all_names(1, close) &&
               (peek(close + 1).is("{") || peek(close + 1).kind == Kind::word) && !peek(close + 1).is(Word::attribute) &&
               !peek(close + 1).name();
    if (!old && !plus_ && all_names(1, close) && peek(close + 1).name()) old = peek(close + 2).name() || peek(close + 2).is("*");
    made.old |= old;
    take();
    names_.push();
    while (!peek().is(")") && !peek().end_of_text()) {
        uint32_t begin = peek().begin;
        if (peek().is(";") || peek().is("}") || (peek().is("{") && !old)) break;
        if (old && peek().name()) {
            Tok token = take();
            record(token, names_.bind(token.value, 'v'));
        } else if (peek().is("...")) {
            take();
        } else if (peek().kind == Kind::number || peek().kind == Kind::string) {
            expression(at_comma);
        } else {
            Specifiers found = specifiers(Where::parameter);
            Declarator inner = declarator(Where::parameter, found);
            if (inner.scope_open) names_.pop();
            if (skip("=")) expression(at_comma);
            if (!peek().is(",") && !peek().is(")")) expression(at_comma);
        }
        if (!skip(",") && peek().begin == begin) plain(1);
    }
    skip(")");
    directives_.flush();
    if (made.scope_open) names_.pop();
    else made.scope_open = true;
}

// const, noexcept(..), -> type, override, requires: what stands between parameters and a body.
void Parser::after_parameters(Where where) {
    while (true) {
        const Tok token = peek();
        bool word = token.name() && (names_[token.value].text == "override" || names_[token.value].text == "final");
        if (token.is(Word::specifier) || token.is("&") || token.is("&&") || word || token.is(Word::try_)) {
            take();
        } else if (token.is(Word::value)) {  // noexcept
            take();
            if (skip("(")) {
                expression(0);
                skip(")");
            }
        } else if (token.is(Word::attribute)) {
            attribute();
        } else if (token.is("[") && peek(1).is("[")) {
            square_attribute();
        } else if (token.is("->")) {
            take();
            Specifiers found = specifiers(Where::parameter);
            pointers();
            if (!found.type) return;
        } else if (token.is(Word::requires_)) {
            take();
            expression(at_comma | at_block);
        } else if (token.is(Word::jump)) {  // throw()
            take();
            if (peek().is("(")) plain(past_parentheses(0));
        } else if (token.is(":") && where != Where::parameter && plus_) {
            return constructor_list();
        } else if (token.name() && plus_ && where != Where::parameter && past_macros()) {
            plain(past_macros());
        } else {
            return;
        }
    }
}

// x(1), Base<T>{2}: the name is a member or a base, never a parameter; a parameter of a template may be a base.
void Parser::constructor_list() {
    take();
    while (peek().name() || peek().is("::") || peek().is(Word::typename_)) {
        Tok before;
        while (peek().name() || peek().is("::") || peek().is(Word::typename_) || peek().is(Word::template_)) {
            Tok token = take();
            if (token.name()) {
                if (names_.kind_of(token.value) == 't' || before.is("::")) used(token, before);
                else record(token, names_.outer(token.value, 'm', false));
            }
            before = token;
            if (peek().is("<")) plain(past_template(0));
        }
        const char *close = peek().is("(") ? ")" : peek().is("{") ? "}" : nullptr;
        if (!close) return;
        take();
        expression(0);
        skip(close);
        skip("...");
        if (!skip(",")) return;
    }
}

// Declarations of K&R parameters, up to the body.
void Parser::old_parameters() {
    while (!peek().is("{") && !peek().end_of_text() && !peek().is("}") && peek().kind == Kind::word) {
        uint32_t begin = peek().begin;
        pinned_ |= veiled();
        declaration(Where::local);
        if (peek().begin == begin) plain(1);
    }
}

}  // namespace hpcraft
