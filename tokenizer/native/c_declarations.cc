// Declarations: specifiers, lists of declarators, and the items outside functions.
#include "c_parser.h"

namespace hpcraft {

// One item of a file, namespace or class; always takes a token.
void Parser::item(Where where) {
    uint32_t begin = peek().begin;
    size_t scopes = names_.depth();
    if (peek().is(";")) {
        take();
        return;
    }
    if (where == Where::file && fragment()) statement();
    else if (!item_by_keyword(where)) declaration(where);
    while (names_.depth() > scopes) names_.pop();
    if (peek().begin == begin && !peek().end_of_text()) plain(1);
}

// Whether a statement stands outside functions: a loop cut out of its function, a macro that is called.
bool Parser::fragment() {
    const Tok token = peek();
    if (token.kind != Kind::word) return false;
    switch (token.word) {
        case Word::if_:
        case Word::for_:
        case Word::while_:
        case Word::do_:
        case Word::else_:
        case Word::try_:
        case Word::goto_:
        case Word::case_:
        case Word::jump:
            return true;
        case Word::name: {
            size_t past = peek(1).is("(") ? past_parentheses(1) : 0;
            return past && peek(past).is(";") && !peek(2).is("*");
        }
        default:
            return false;
    }
}

bool Parser::item_by_keyword(Where where) {
    const Tok token = peek();
    if (token.is("[") && peek(1).is("[")) return square_attribute(), true;
    if (token.is("{")) {  // a block that a macro heads
        function_body();
        return true;
    }
    if (token.kind != Kind::word) return false;
    switch (token.word) {
        case Word::template_:
            template_header(true);
            // What follows is part of this item, so that the parameters live until its end.
            return peek().is(Word::template_) || !item_by_keyword(where) ? (declaration(where), true) : true;
        case Word::namespace_:
            namespace_item();
            return true;
        case Word::using_:
            using_item(where);
            return true;
        case Word::access:
            take();
            while (!peek().is(":") && peek().kind == Kind::word) plain(1);
            skip(":");
            return true;
        case Word::assert_:
            static_assertion();
            return true;
        case Word::asm_:
            asm_statement();
            skip(";");
            return true;
        case Word::concept_:
            concept_item(where);
            return true;
        case Word::extern_:
            if (peek(1).kind == Kind::string && peek(2).is("{")) return extern_block(), true;
            if (peek(1).is(Word::template_)) {
                take();
                return item_by_keyword(where);
            }
            return false;
        case Word::specifier:  // inline namespace
            if (!peek(1).is(Word::namespace_)) return false;
            take();
            namespace_item();
            return true;
        default:
            return false;
    }
}

void Parser::concept_item(Where where) {
    take();
    if (peek().name()) {
        Tok name = take();
        record(name, names_.outer(name.value, 't', true));
    }
    finish_item(where);
}

void Parser::extern_block() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    take();
    take();
    take();
    while (!peek().is("}") && !peek().end_of_text()) item(Where::file);
    if (!skip("}")) pinned_ = true;
}

void Parser::namespace_item() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    take();
    while (peek().kind == Kind::word || peek().is("::") || peek().is("[")) {
        if (peek().is("[")) {
            square_attribute();
            continue;
        }
        if (peek().is(Word::attribute)) {
            attribute();
            continue;
        }
        Tok token = take();
        if (token.name()) record(token, names_.outer(token.value, 't', true));
    }
    if (peek().is("=")) return finish_item(Where::file);
    if (!skip("{")) return;
    while (!peek().is("}") && !peek().end_of_text()) item(Where::file);
    if (!skip("}")) pinned_ = true;
}

void Parser::using_item(Where where) {
    take();
    bool aliases = peek().name() && (peek(1).is("=") || (peek(1).is("[") && peek(2).is("[")));
    if (aliases) {
        Tok name = take();
        Specifiers type;
        type.is_typedef = true;
        declare(name, where, type, false);
    }
    finish_item(where);
}

// The rest of an item whose names are all uses.
void Parser::finish_item(Where where) {
    expression(0);
    if (where != Where::head) skip(";");
}

void Parser::static_assertion() {
    take();
    if (skip("(")) {
        expression(0);
        skip(")");
    }
    skip(";");
}

void Parser::template_header(bool keep_scope) {
    take();
    if (!peek().is("<")) return;
    if (keep_scope) names_.push();
    template_parameters();
    if (!peek().is(Word::requires_)) return;
    take();
    // A requirement ends where a declaration begins: clauses in parentheses, or names with arguments joined by && and ||.
    while (true) {
        if (peek().is("(")) plain(past_parentheses(0));
        else if (peek().is(Word::requires_)) return take(), expression(at_comma | at_block);
        else plain(1);
        if (peek().is("<")) plain(past_template(0));
        if (peek().is("&&") || peek().is("||") || peek().is("::")) take();
        else return;
    }
}

void Parser::template_parameters() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    take();
    while (!peek().is(">") && !peek().end_of_text() && !peek().is(";") && !peek().is("{")) {
        uint32_t begin = peek().begin;
        bool keyword = peek().is(Word::typename_) || peek().is(Word::class_key);
        // `typename T::type = 0` names no parameter, it is the type of one.
        bool type = keyword && !(peek(1).name() && (peek(2).is("::") || peek(2).is("<"))) && !peek(1).is("::");
        if (peek().is(Word::template_)) {
            take();
            names_.push();
            if (peek().is("<")) template_parameters();
            names_.pop();
            type = true;
        }
        bool constrained = peek().name() && (peek(1).name() || (peek(1).is("...") && peek(2).name()));
        if (type && !peek().is(Word::template_)) {
            if (!peek().name()) take();
            skip("...");
        } else if (constrained) {
            plain(1);
            skip("...");
            type = true;
        }
        if (type && peek().name()) {
            Tok name = take();
            record(name, names_.bind(name.value, 't'));
        } else if (!type) {
            Specifiers found = specifiers(Where::parameter);
            Declarator made = declarator(Where::parameter, found);
            if (made.scope_open) names_.pop();
        }
        if (skip("=")) expression(at_comma | at_angle);
        if (!skip(",") && peek().begin == begin) plain(1);
        if (peek().is(">>") || peek().is(">>>")) break;
    }
    if (peek().is(">") || peek().is(">>")) take();
}

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
        if (made.scope_open && rest_of_function(where, made)) return true;
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
bool Parser::rest_of_function(Where where, Declarator &made) {
    after_parameters(where);
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
