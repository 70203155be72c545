// Tells declarations from expressions by their look.
#include "c_parser.h"

namespace hpcraft {

// Whether what may stand between a type and the declared name is at `k`.
bool Parser::pointer_at(size_t k) {
    const Tok token = peek(k);
    return token.is("*") || token.is("&") || token.is("&&") || token.is(Word::specifier);
}

// Whether a name is a macro or looks like one.
bool Parser::shouted(const Tok &token) {
    const Spelling &spelling = names_[token.value];
    if (spelling.traits & macro_name) return true;
    return spelling.text.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

// What may stand behind the name that a declarator declares.
bool Parser::follows_declarator(const Tok &token) const {
    if (token.is(Word::attribute) || token.is(Word::asm_)) return true;
    if (token.kind != Kind::other) return false;
    return token.is(";") || token.is(",") || token.is("=") || token.is("(") || token.is("[") || token.is(":") || token.is("{") ||
           token.is(")") || token.end_of_text() || (plus_ && token.is("..."));
}

// A keyword of a type at `k` declares, unless it makes a value (`int(x)`, C++).
bool Parser::declares_by_keyword(size_t k) {
    const Tok next = peek(k + 1);
    if (!plus_ || peek(k).word != Word::type) return true;
    if (next.is("{")) return false;
    if (!next.is("(")) return true;
    return peek(k + 2).is("*") || peek(k + 2).is("&");
}

// Whether pointers and a name stand at `k` as in a declaration; `sure` that a type stands before.
bool Parser::declarator_at(size_t k, bool sure) {
    size_t at = k;
    bool pointer = false;
    while (pointer_at(at) || peek(at).is("...")) {
        pointer = true;
        if (++at > k + kLookahead) return false;
    }
    if (peek(at).name()) {
        if (!pointer) return true;
        const Tok next = peek(at + 1);
        if (next.is("(")) return sure;
        return follows_declarator(next) || (sure && next.name()) || (next.is("::") && peek(at + 2).is("*"));
    }
    if (peek(at).is("[") && plus_) return pointer ? sure : false;
    if (!peek(at).is("(")) return false;
    // T (*name)(..), T (*name)[..]
    if (!(peek(at + 1).is("*") || peek(at + 1).is("&") || peek(at + 1).is("^"))) return false;
    size_t past = past_parentheses(at);
    return past && (sure || !pointer) && (peek(past).is("(") || peek(past).is("["));
}

bool Parser::declares(size_t k, Where where) {
    const Tok token = peek(k);
    if (token.is("::")) {
        bool callable;
        size_t at = past_qualified(k, callable);
        return !callable && at > k + 1 && declarator_at(at, false);
    }
    if (token.is("[") && plus_) return false;
    if (token.kind != Kind::word) return where == Where::parameter && token.is("...");
    switch (token.word) {
        case Word::type:
            return declares_by_keyword(k);
        case Word::specifier:
        case Word::typedef_:
        case Word::extern_:
        case Word::class_key:
        case Word::enum_:
        case Word::friend_:
        case Word::attribute:
        case Word::typename_:
        case Word::template_:
            return true;
        case Word::typeof_: {
            size_t past = peek(k + 1).is("(") ? past_parentheses(k + 1) : k + 1;
            return past && !peek(past).is("(") && !peek(past).is("{") && !peek(past).is("::");
        }
        case Word::name:
            return name_declares(k, where);
        default:
            return false;
    }
}

// The same where a name stands first: `T x`, `A::B<C> *p`, against `a * b`, `f(x)`.
bool Parser::name_declares(size_t k, Where where) {
    const Tok token = peek(k);
    bool callable;
    size_t at = past_qualified(k, callable);
    if (callable || at == k) return false;
    bool simple = at == k + 1;
    // Also `step < n && f(x) > limit`, which looks like a template's name.
    if (names_.is_local(token.value) && names_.kind_of(token.value) != 't') return false;
    bool type = simple ? known_type(token) : false;
    if (where == Where::parameter && type && (peek(at).is(",") || peek(at).is(")"))) return true;
    if (simple && !type && peek(at).is("(") && names_.kind_of(token.value) == 'f') return false;
    bool pointer = peek(at).is("*") || peek(at).is("&") || peek(at).is("&&");
    if (simple && !type && pointer && known_value(token)) return false;
    if (where == Where::head && pointer && !type) {  // `if (a && b)`, against `for (T *p = ..`
        size_t name = at;
        while (pointer_at(name)) name++;
        if (peek(name).name() && !peek(name + 1).is("=") && !peek(name + 1).is(":")) return false;
    }
    if (simple && names_[token.value].traits & macro_call && peek(at).is("(")) {
        size_t past = past_parentheses(at);
        bool named = past && peek(past).name() && follows_declarator(peek(past + 1)) && !peek(past + 1).is("(");
        return named || (past && peek(past).is("*") && declarator_at(past, false));
    }
    if (peek(at).word == Word::type || peek(at).word == Word::class_key || peek(at).word == Word::specifier) {
        return !peek(at).is(Word::name) && peek(at).kind == Kind::word;
    }
    return declarator_at(at, type || !simple);
}

// At an opening brace among arguments: whether a statement stands in it.
bool Parser::braces_hold_statements() {
    int depth = 0;
    for (size_t i = 0; i < kLookahead; i++) {
        const Tok token = peek(i);
        if (token.end_of_text()) return false;
        if (token.is("{") || token.is("(") || token.is("[")) depth++;
        if (token.is("}") || token.is(")") || token.is("]")) {
            if (--depth <= 0) return false;
        }
        if (depth == 1 && token.is(";")) return true;
    }
    return false;
}

// Whether names and commas alone stand from `k` up to the closing parenthesis.
bool Parser::all_names(size_t k, size_t &close) {
    for (size_t i = k; i < k + kLookahead; i += 2) {
        if (!peek(i).name()) return false;
        if (peek(i + 1).is(")")) {
            close = i + 1;
            return true;
        }
        if (!peek(i + 1).is(",")) return false;
    }
    return false;
}

// At the parenthesis behind a declared name: parameters, or what initialises a variable of C++.
bool Parser::parameters_follow(Where where, const Specifiers &found) {
    if (!plus_ || (!found.type && where != Where::local && where != Where::head)) return true;
    const Tok first = peek(1);
    if (first.is(")") || first.is("...")) return true;
    if (where == Where::local || where == Where::head) return declares(1, Where::parameter);
    if (first.kind == Kind::number || first.kind == Kind::string || first.is("&") || first.is("-") || first.is("*")) return false;
    if (first.is(Word::value) || known_value(first)) return false;
    return !first.name() || declares(1, Where::parameter) || !peek(2).is("(");
}

}  // namespace hpcraft
