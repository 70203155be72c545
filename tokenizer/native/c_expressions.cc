// Expressions: a flat walk over operands and brackets; lambdas, statement expressions and types with bodies in between.
#include "c_parser.h"

namespace hpcraft {

// Whether a token ends an operand, so that what follows is an operator.
bool Parser::value_before(const Tok &token) const {
    if (token.kind == Kind::number || token.kind == Kind::string || token.is(")") || token.is("]") || token.is("}")) return true;
    return token.name() || (token.is(Word::value) && source_.substr(token.begin, token.end - token.begin) == "this");
}

bool Parser::ends_expression(const Tok &token, int stops, size_t base, int &ternary) {
    if (token.end_of_text()) return true;
    if (brackets_.size() > base || token.kind != Kind::other) return false;
    if (token.is(";") || token.is(")") || token.is("]") || token.is("}")) return true;
    if (token.is(",")) return stops & at_comma;
    if (token.is(">")) return stops & at_angle;
    if (token.is("?")) ternary++;
    if (token.is(":")) {
        if (!ternary) return stops & at_colon;
        ternary--;
    }
    return false;
}

// Takes a closing bracket off the stack, if it matches; `macro_block` becomes whether a name stood before its parenthesis.
bool Parser::close_bracket(const Tok &token, bool &macro_block) {
    char open = token.is(")") ? '(' : token.is("]") ? '[' : '{';
    if (brackets_.back() != open) return false;
    brackets_.pop_back();
    if (open == '(') {
        macro_block = called_.back();
        called_.pop_back();
    }
    return true;
}

// Reads up to a stop, a semicolon or a closing bracket that isn't its own.
void Parser::expression(int stops) {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    size_t base = brackets_.size();
    int ternary = 0;
    Tok before;
    bool macro_block = false;
    while (true) {
        const Tok token = peek();
        if (ends_expression(token, stops, base, ternary)) break;
        if (token.kind == Kind::word) {
            operand(before, base, ternary);
            before = token;
            continue;
        }
        if (token.is("{") || token.is("[")) {
            if (!nested(before, macro_block, stops, base)) break;
            before = token;
            before.kind = Kind::other;
            // A lambda or block was read whole.
            if (brackets_.size() == base || brackets_.back() != char(token.value)) before.value = op("}");
            continue;
        }
        if (token.is("(")) {
            brackets_.push_back('(');
            called_.push_back(before.name());
        } else if (token.is(")") || token.is("]") || token.is("}")) {
            if (!close_bracket(token, macro_block)) break;  // a bracket that doesn't match: the caller recovers
        }
        if (token.is("&&") && !value_before(before) && peek(1).name() && !(before.is(Word::type))) {
            take();
            if (!plus_ || names_[peek().value].label_function == function_) {
                Tok name = take();
                record(name, names_.label(name.value, function_));
                before = name;
                continue;
            }
            before = token;
            continue;
        }
        before = take();
    }
    while (brackets_.size() > base) {
        if (brackets_.back() == '(') called_.pop_back();
        brackets_.pop_back();
    }
}

// An opening brace or bracket; false if it begins the block of a statement.
bool Parser::nested(const Tok &before, bool macro_block, int stops, size_t base) {
    if (peek().is("[")) {
        bool deletes = before.is(Word::value) && peek(1).is("]");
        bool placed = before.is(Word::value) && source_.substr(before.begin, before.end - before.begin) == "new";
        bool lambda_here =
            plus_ && !value_before(before) && !peek(1).is("[") && !deletes && !before.is(Word::type) && !placed;
        if (lambda_here && !before.is(Word::operator_)) {
            lambda();
            return true;
        }
        brackets_.push_back('[');
        take();
        return true;
    }
    // ({ statements }), or a block that is handed to a macro
    bool among_arguments = brackets_.size() > base && brackets_.back() == '(' && (before.is("(") || before.is(","));
    if (among_arguments && braces_hold_statements()) {
        block();
        return true;
    }
    bool at_top = brackets_.size() == base;
    if (at_top && stops & at_block && before.is(")") && macro_block) return false;
    if (at_top && stops & at_block && (before.name() || before.is(Word::value)) && braces_hold_statements()) return false;
    brackets_.push_back('{');
    take();
    return true;
}

// One word of an expression.
void Parser::operand(const Tok &before, size_t base, int ternary) {
    const Tok token = peek();
    switch (token.word) {
        case Word::class_key:
            return class_specifier(Where::head);
        case Word::enum_:
            return enum_specifier(Where::head);
        case Word::operator_:
            return operator_name();
        case Word::asm_:
            return asm_statement();
        case Word::offsetof_:
            return offset_of();
        case Word::attribute:
            return attribute();
        case Word::pragma_:
            take();
            if (peek(1).kind == Kind::string) directives_.fix_words(peek(1).begin, peek(1).end);
            return;
        case Word::name:
            break;
        case Word::value:
            // Every program that asks a type for its name calls `name`.
            if (names_[token.value].text == "typeid") names_[names_.intern("name")].traits |= fix_all;
            take();
            return;
        default:
            take();
            return;
    }
    bool designates = !plus_ && brackets_.size() > base && brackets_.back() == '{' && peek(1).is(":") && !ternary &&
                      (before.is("{") || before.is(","));
    Tok name = take();
    if (designates) member(name, false);
    else used(name, before);
}

void Parser::offset_of() {
    take();
    if (!skip("(")) return;
    expression(at_comma);
    if (skip(",")) {
        Tok before;
        while (!peek().is(")") && !peek().end_of_text() && !peek().is(";")) {
            if (peek().is("[")) {
                take();
                expression(0);
                skip("]");
                continue;
            }
            Tok token = take();
            if (token.name()) member(token, false);
        }
    }
    skip(")");
}

// What a lambda captures; `x = value` declares a name of its own.
void Parser::captures() {
    while (!peek().is("]") && !peek().end_of_text() && !peek().is(";")) {
        uint32_t begin = peek().begin;
        if (peek().is("&") || peek().is("*") || peek().is("...") || peek().is("=")) {
            take();
        } else if (peek().name() && (peek(1).is("=") || peek(1).is("{") || peek(1).is("("))) {
            Tok name = take();
            // Its value is read before it is declared: `x = x` names another's.
            if (skip("=")) expression(at_comma);
            else plain(past_parentheses(0));
            record(name, names_.bind(name.value, 'v'));
        } else {
            plain(1);
        }
        skip(",");
        if (peek().begin == begin) plain(1);
    }
    skip("]");
}

void Parser::lambda() {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    take();
    names_.push();
    size_t scopes = names_.depth();
    captures();
    if (peek().is("<") && past_template(0)) template_parameters();
    Declarator made;
    if (peek().is("(")) {
        parameters(Where::local, made);
    }
    after_parameters(Where::parameter);
    if (peek().is("{")) {
        functions_deep_++;
        block();
        functions_deep_--;
    }
    while (names_.depth() >= scopes) names_.pop();
}

}  // namespace hpcraft
