// Declarations: specifiers and lists of declarators.
#include "c_parser.h"

namespace hpcraft {

// `specifiers declarators ;`, or a function with its body.
void Parser::declaration(Where where) {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    size_t scopes = names_.depth();
    Specifiers found = specifiers(where);
    if (!peek().is(";") && !(where == Where::head && peek().is(":"))) {
        bool body = declarators(where, found);
        if (body) {
            while (names_.depth() > scopes && where != Where::head) names_.pop();
            return;
        }
    }
    if (where == Where::head) return;
    if (!skip(";")) {
        // Not what it looked like: the rest up to a semicolon or block is uses.
        expression(at_block);
        if (peek().is("{") && where != Where::local) function_body();
        else skip(";");
    }
}

Specifiers Parser::specifiers(Where where) {
    Specifiers found;
    while (specifier(found, where)) {
    }
    return found;
}

// A keyword among specifiers that names no type.
void Parser::storage(Specifiers &found) {
    const Tok token = take();
    found.is_typedef |= token.is(Word::typedef_);
    found.is_extern |= token.is(Word::extern_);
    found.is_friend |= token.is(Word::friend_);
    found.any |= token.is(Word::specifier);
    if (token.is(Word::extern_) && peek().kind == Kind::string) take();
    if (names_[token.value].text == "explicit" && peek().is("(")) plain(past_parentheses(0));
}

bool Parser::specifier(Specifiers &found, Where where) {
    const Tok token = peek();
    if (token.is("[") && peek(1).is("[")) return square_attribute(), true;
    if (token.is("::")) return !found.type && specifier_name(found, where);
    if (token.kind != Kind::word) return false;
    switch (token.word) {
        case Word::typedef_:
        case Word::extern_:
        case Word::friend_:
        case Word::specifier:
        case Word::typename_:
            storage(found);
            return true;
        case Word::template_:
            template_header(true);
            return true;
        case Word::attribute:
            attribute();
            return true;
        case Word::type:
        case Word::typeof_:
        case Word::class_key:
        case Word::enum_:
            found.type = found.keyword = true;
            if (token.word == Word::class_key) return class_specifier(where), true;
            if (token.word == Word::enum_) return enum_specifier(where), true;
            take();
            if (token.word == Word::typeof_ && skip("(")) {
                expression(0);
                skip(")");
            }
            return true;
        case Word::name:
            return specifier_name(found, where);
        default:
            return false;
    }
}

// A name among specifiers: a type, a macro, or what is declared (then false).
bool Parser::specifier_name(Specifiers &found, Where where) {
    bool callable;
    size_t past = past_qualified(0, callable);
    if (callable || past == 0) return false;
    const Tok next = peek(past);
    const Tok first = peek();
    bool macro = first.name() && names_[first.value].traits & macro_name;
    bool goes_on = next.name() || next.word == Word::type || next.word == Word::class_key || next.word == Word::enum_ ||
                   next.word == Word::specifier || next.is(Word::typeof_) || next.is("::") || next.is(Word::typedef_) ||
                   next.is(Word::extern_) || next.is(Word::operator_) ||
                   (found.type && (next.is("*") || next.is("&") || next.is("&&")));
    if (!goes_on && past == 1 && next.is("(") && (macro || !found.type)) {
        size_t behind = past_parentheses(1);
        bool type = behind && (peek(behind).name() || peek(behind).is("*") || peek(behind).word == Word::type ||
                               peek(behind).word == Word::specifier || peek(behind).word == Word::class_key);
        bool named = macro || where == Where::klass || where == Where::local || (found.any && peek(behind).name());
        bool nested = peek(2).is("*") && !macro;
        if (type && named && !nested && !(where == Where::klass && peek().value == class_) && !peek(behind).is("const")) {
            plain(behind);
            found.type |= !macro;
            return true;
        }
    }
    if (found.type && !goes_on) return false;
    if (found.keyword && next.name() && !macro) {
        // `int x UNUSED;` against `int EXPORT x;`
        if (follows_declarator(peek(past + 1)) && names_[next.value].traits & macro_name) return false;
    }
    if (found.type && next.name() && names_[next.value].traits & macro_name && !macro && !peek(past + 1).name()) return false;
    if (found.type && next.name() && peek(past + 1).is("(") && peek(past + 2).is("(")) return false;  // int f PROTO((int a));
    if (!found.type && !goes_on) {
        bool declared_here = next.is("(") || next.is(";") || next.is(",") || next.is("=") || next.is("[") || next.is(":");
        if (next.is("(") && where != Where::parameter) {
            bool pointer = (peek(past + 1).is("*") || peek(past + 1).is("&")) && !macro;
            if (!pointer || names_[peek().value].traits & macro_call) return false;
        } else if (declared_here && found.any && !next.is("(") && where != Where::parameter && !known_type(peek())) {
            return false;
        }
    }
    const Tok last = peek(past - 1);
    plain(past);
    if (!macro) mark_type(past == 1 || peek().is("::") ? first : last.name() ? last : first);
    found.type = true;
    return true;
}

// Declarators up to the end of the declaration; true if a function's body ended it.
bool Parser::declarators(Where where, const Specifiers &found) {
    while (true) {
        uint32_t begin = peek().begin;
        Declarator made = declarator(where, found);
        if (made.scope_open && rest_of_function(where, found, made)) return true;
        if (made.scope_open) names_.pop();
        initialiser(where);
        if (!peek().is(",") || peek().begin == begin) return false;
        // Behind a comma in template arguments (`x = f<a, b>()`) stands no declarator.
        while (peek().is(",")) {
            size_t at = 1;
            while (pointer_at(at) || peek(at).is(Word::attribute)) {
                at = peek(at).is(Word::attribute) && peek(at + 1).is("(") ? std::max(past_parentheses(at + 1), at + 1) : at + 1;
            }
            take();
            bool another = peek(at - 1).is("(") || peek(at - 1).is(":") || peek(at - 1).is("[") ||
                           (peek(at - 1).name() && (follows_declarator(peek(at)) || peek(at).name()));
            if (another || !plus_) break;
            expression(at_comma);
        }
    }
}

// After the parameters of a function: its body, if it has one.
bool Parser::rest_of_function(Where where, const Specifiers &found, Declarator &made) {
    after_parameters(where);
    // A macro behind parameters with types may open the body; without a type the head may be a macro itself.
    bool head = where == Where::file && found.type && made.function && !made.old;
    pinned_ |= head && (peek().name() || (!plus_ && peek().kind == Kind::word && !peek().is(Word::attribute) && !peek().is(Word::asm_)));
    if (!plus_ && peek().kind == Kind::word && peek().word != Word::attribute && peek().word != Word::asm_ && where != Where::klass) {
        if (made.function && declares(0, Where::local)) old_parameters();
    }
    if (!peek().is("{") || !made.function) return false;
    function_body();
    while (peek().is(Word::catch_)) handler();
    return true;
}

void Parser::initialiser(Where where) {
    if (peek().is("(") && plus_) {
        take();
        expression(0);
        skip(")");
    }
    if (peek().is(":") && where == Where::klass) {
        take();
        expression(at_comma);
    }
    if (skip("=")) {
        expression(at_comma | (where == Where::head ? at_colon : 0));
    } else if (peek().is("{") && plus_) {
        take();
        brackets_.push_back('{');
        expression(0);
        brackets_.pop_back();
        skip("}");
    }
}

}  // namespace hpcraft
