// Items outside functions: namespaces, aliases, template heads; a declaration is what no keyword tells.
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

}  // namespace hpcraft
