// struct, union, class, enum; attributes and assembly.
#include "c_parser.h"

namespace hpcraft {

// The name of a struct, union, class or enum.
void Parser::name_of_type(const Tok &token, Where where, bool defines) {
    if (!plus_) return record(token, names_.tag(token.value, defines));
    bool inside = functions_deep_ > 0 && (where == Where::local || where == Where::head);
    if (defines && inside) return record(token, names_.bind(token.value, 't'));
    if (!defines && names_.is_local(token.value)) return record(token, names_.use(token.value));
    if (defines && names_.is_local(token.value)) names_[token.value].traits |= pin_all;
    uint32_t symbol = names_.outer(token.value, 't', defines);
    if (!defines && !(names_.meaning(symbol).flags & declared)) names_.meaning(symbol).kind = 't';
    if (unknown_base_ && defines && where == Where::klass) names_.meaning(symbol).flags |= fixed;
    record(token, symbol);
}

void Parser::class_specifier(Where where) {
    Deeper deeper(*this);
    if (!deeper.ok) return give_up();
    take();
    Tok name;
    bool named = false;
    while (true) {
        if (peek().is(Word::attribute)) {
            attribute();
        } else if (peek().is("[") && peek(1).is("[")) {
            square_attribute();
        } else if (peek().name() && (peek(1).name() && !(names_[peek(1).value].text == "final")) &&
                   (peek(2).is("{") || peek(2).is(":")) && !named) {
            plain(1);  // a macro before the name
        } else if (peek().name() && !named && peek(1).is("(") && names_[peek().value].traits & macro_call) {
            plain(past_parentheses(1));
        } else if (peek().name() && !named) {
            bool callable;
            size_t past = past_qualified(0, callable);
            bool final_word = peek(past).name() && names_[peek(past).value].text == "final";
            bool defines = peek(past).is("{") || (plus_ && (peek(past).is(":") || final_word)) || peek(past).is(";");
            if (where == Where::klass && peek(past).is(":") && peek(past + 1).kind == Kind::number) defines = false;
            named = true;
            if (past == 1 || peek(1).is("<")) {
                name = take();
                name_of_type(name, where, defines);
                if (past > 1) plain(past - 1);
            } else {
                Tok last = peek(past - 1);
                plain(past);
                name = last;
            }
            if (final_word && defines) take();
        } else {
            break;
        }
    }
    bool unknown = false;
    if (plus_ && peek().is(":") && named && (where != Where::head)) unknown = bases();
    uint32_t symbol;
    if (named && unknown && names_.known(name.value, symbol)) names_.meaning(symbol).unknown_base = true;
    if (!peek().is("{")) return;
    uint32_t before = class_;
    bool unknown_before = unknown_base_;
    class_ = named && plus_ ? name.value : 0xFFFFFFFFu;
    class_body(unknown || (plus_ ? false : unknown_base_));
    class_ = before;
    unknown_base_ = unknown_before;
}

// The bases of a class; true if one is not in this text, or has such a base itself.
bool Parser::bases() {
    take();
    bool unknown = false;
    while (!peek().is("{") && !peek().is(";") && !peek().end_of_text()) {
        while (peek().is(Word::access) || peek().is(Word::specifier) || peek().is(Word::typename_)) take();
        bool callable;
        size_t past = past_qualified(0, callable);
        if (past == 0) {
            plain(1);
            unknown = true;
            continue;
        }
        size_t last = past - 1;
        if (peek(last).is(">") || peek(last).is(">>")) {  // back to the name before the arguments
            for (last = 0; last < past && !peek(last).is("<"); last++) {
            }
            last = last ? last - 1 : 0;
        }
        Tok base = peek(last);
        uint32_t symbol;
        bool found = base.name() && names_.known(base.value, symbol);
        if (found) found = (names_.meaning(symbol).flags & (declared | local)) == declared && !names_.meaning(symbol).unknown_base;
        if (peek(0).name() && names_[peek(0).value].text == "std") found = false;
        unknown |= !found;
        plain(past);
        mark_type(base);
        skip("...");
        skip(",");
    }
    return unknown;
}

void Parser::class_body(bool unknown_base) {
    take();
    unknown_base_ = unknown_base;
    int functions = functions_deep_;
    while (!peek().is("}") && !peek().end_of_text()) {
        uint32_t begin = peek().begin;
        item(Where::klass);
        if (peek().begin == begin) plain(1);
    }
    functions_deep_ = functions;
    if (!skip("}")) pinned_ = true;
}

void Parser::enum_specifier(Where where) {
    take();
    if (plus_ && peek().is(Word::class_key)) take();
    while (peek().is(Word::attribute)) attribute();
    if (peek().is("[") && peek(1).is("[")) square_attribute();
    if (peek().name()) {
        bool callable;
        size_t past = plus_ ? past_qualified(0, callable) : 1;
        bool defines = peek(past).is("{") || (peek(past).is(":") && where != Where::head) || peek(past).is(";");
        if (past > 1) plain(past);
        else name_of_type(take(), where, defines);
    }
    if (peek().is(":") && (peek(1).kind == Kind::word || peek(1).is("::"))) {
        take();
        while (peek().kind == Kind::word || peek().is("::")) plain(1);
    }
    if (!skip("{")) return;
    while (!peek().is("}") && !peek().end_of_text()) {
        uint32_t begin = peek().begin;
        if (peek().name() && (peek(1).is("=") || peek(1).is(",") || peek(1).is("}") || peek(1).is(Word::attribute) || peek(1).is("["))) {
            Tok name = take();
            bool inside = functions_deep_ > 0 && where != Where::klass && where != Where::file;
            if (plus_ && names_.is_local(name.value)) names_[name.value].traits |= pin_all;
            uint32_t symbol = inside && !plus_ ? names_.bind(name.value, 'v') : names_.outer(name.value, 'v', true);
            if (unknown_base_ && plus_) names_.meaning(symbol).flags |= fixed;
            record(name, symbol);
            if (peek().is(Word::attribute)) attribute();
            if (peek().is("[")) square_attribute();
            if (skip("=")) expression(at_comma);
        } else if (!peek().is(",")) {
            expression(at_comma);
        }
        if (!skip(",") && peek().begin == begin) plain(1);
    }
    if (!skip("}")) pinned_ = true;
}

// Words of an attribute are the compiler's; behind its own parentheses names may be the program's, and strings may spell them.
void Parser::attribute() {
    take();
    if (!peek().is("(")) return;
    int depth = 0;
    do {
        Tok token = take();
        if (token.is("(")) depth++;
        if (token.is(")")) depth--;
        if (token.kind == Kind::string) directives_.fix_words(token.begin, token.end);
        if (token.name() && depth != 2) names_.weak_place(token.begin, token.end, token.value);
    } while (depth > 0 && !peek().end_of_text());
}

void Parser::square_attribute() {
    int depth = 0;
    do {
        Tok token = take();
        if (token.is("[") || token.is("(")) depth++;
        if (token.is("]") || token.is(")")) depth--;
        if (token.name() && depth > 2) names_.weak_place(token.begin, token.end, token.value);
    } while (depth > 0 && !peek().end_of_text());
}

// asm: names of operands stay, and so does every name that the assembly spells.
void Parser::asm_statement() {
    take();
    while (peek().is(Word::specifier) || peek().is(Word::goto_) || (peek().kind == Kind::word && !peek().is(Word::name))) take();
    if (!peek().is("(")) return;
    int depth = 0;
    Tok before;
    do {
        Tok token = take();
        if (token.is("(")) depth++;
        if (token.is(")")) depth--;
        if (token.kind == Kind::string) directives_.fix_words(token.begin, token.end);
        bool operand_name = before.is("[") && peek().is("]") && depth == 1;
        if (token.name() && !operand_name) {
            const Spelling &spelling = names_[token.value];
            bool to_label = depth == 1 && spelling.label && spelling.label_function == function_;
            if (to_label) record(token, spelling.label - 1);
            else used(token, before);
        }
        before = token;
    } while (depth > 0 && !peek().end_of_text());
}

}  // namespace hpcraft
