// Statements.
#include "c_parser.h"

namespace hpcraft {

void Parser::function_body() {
    bool unknown = unknown_base_;
    uint32_t enclosing = class_;
    if (functions_deep_ == 0) function_++;
    functions_deep_++;
    unknown_base_ = false;
    class_ = 0xFFFFFFFFu;
    block();
    functions_deep_--;
    unknown_base_ = unknown;
    class_ = enclosing;
}

// Statements in braces, in a scope of their own.
void Parser::block() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    if (!skip("{")) return;
    names_.push();
    while (!peek().is("}") && !peek().end_of_text()) {
        uint32_t begin = peek().begin;
        statement();
        if (peek().begin == begin) plain(1);
    }
    names_.pop();
    if (!skip("}")) pinned_ = true;
}

// `name:` before a statement, `case x:` and `default:`.
void Parser::labels() {
    while (true) {
        const Tok token = peek();
        if (token.is(Word::case_) || (token.is(Word::default_) && peek(1).is(":"))) {
            take();
            expression(at_colon);
            skip(":");
        } else if (token.name() && peek(1).is(":")) {
            Tok name = take();
            record(name, names_.label(name.value, function_));
            take();
        } else if (token.is(Word::access)) {  // signals and slots in odd places
            take();
        } else {
            return;
        }
    }
}

// Whether a statement begins with a macro of a header that may be a brace: `BEGIN int i = 0;`, `END return i;`, since no name that declares
// nothing stands before a keyword. One before a loop is likelier a pragma.
bool Parser::veiled() {
    if (!peek().name() || names_[peek().value].traits & macro_name || names_.kind_of(peek().value)) return false;
    switch (peek(1).word) {
        case Word::type:
        case Word::class_key:
        case Word::enum_:
        case Word::if_:
        case Word::do_:
        case Word::jump:
        case Word::goto_:
            return peek(1).kind == Kind::word;
        default:
            return false;
    }
}

void Parser::statement() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    labels();
    if (peek().is("}") || peek().end_of_text()) return;
    if (peek().is("{")) return block();
    if (peek().is("[") && peek(1).is("[")) square_attribute();
    if (statement_by_keyword()) return;
    pinned_ |= veiled();
    if (declares(0, Where::local)) return declaration(Where::local);
    expression(at_block);
    skip(";");
}

void Parser::do_statement() {
    take();
    statement();
    if (!peek().is(Word::while_)) return;
    take();
    expression(0);
    skip(";");
}

// `goto name;`, `goto *address;`, `__label__ a, b;`
void Parser::jump_to_label() {
    bool computed = peek(1).is("*");
    take();
    while (!computed && !peek().is(";") && !peek().end_of_text() && !peek().is("}")) {
        Tok name = take();
        if (name.name()) record(name, names_.label(name.value, function_));
    }
    if (computed) expression(0);
    skip(";");
}

bool Parser::statement_by_keyword() {
    const Tok token = peek();
    if (token.kind != Kind::word) return false;
    switch (token.word) {
        case Word::if_:
            if_statement();
            return true;
        case Word::for_:
            for_statement();
            return true;
        case Word::while_:
            condition_and_statement();
            return true;
        case Word::catch_:
            handler();
            return true;
        case Word::do_:
            do_statement();
            return true;
        case Word::else_:
        case Word::try_:
            take();
            statement();
            return true;
        case Word::goto_:
        case Word::label_:
            jump_to_label();
            return true;
        case Word::using_:
            using_item(Where::local);
            return true;
        case Word::namespace_:
            finish_item(Where::local);
            return true;
        case Word::assert_:
            static_assertion();
            return true;
        case Word::asm_:
            asm_statement();
            skip(";");
            return true;
        default:
            return false;
    }
}

// What stands in the parentheses of a statement: a declaration or expressions.
void Parser::head() {
    while (peek().kind == Kind::word && !peek().is("(")) plain(1);  // constexpr, a macro
    if (!skip("(")) return;
    while (!peek().is(")") && !peek().end_of_text()) {
        uint32_t begin = peek().begin;
        if (peek().is(Word::using_)) using_item(Where::head);
        else if (declares(0, Where::head)) declaration(Where::head);
        else expression(0);
        if (!skip(";") && !skip(":") && peek().begin == begin) plain(1);
    }
    skip(")");
}

void Parser::handler() {
    take();
    names_.push();
    if (skip("(")) {
        declaration(Where::head);
        skip(")");
    }
    block();
    names_.pop();
}

void Parser::condition_and_statement() {
    take();
    names_.push();
    head();
    statement();
    names_.pop();
}

// A chain of else-if is read in a loop, so that a long one is not deep.
void Parser::if_statement() {
    size_t scopes = names_.depth();
    while (true) {
        take();
        names_.push();
        head();
        if (peek().is("{")) block();
        else statement();
        if (!peek().is(Word::else_)) break;
        take();
        if (peek().is(Word::if_)) continue;
        statement();
        break;
    }
    while (names_.depth() > scopes) names_.pop();
}

void Parser::for_statement() {
    take();
    names_.push();
    head();
    statement();
    names_.pop();
}

}  // namespace hpcraft
