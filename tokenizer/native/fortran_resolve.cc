// The resolver's loop: gathers statements, directives and preprocessor lines, and hands each on when the next begins.
#include "fortran_resolve.h"

#include <algorithm>

namespace hpcraft::fortran {

namespace {

char op_of(std::string_view text) {
    if (text.size() == 1) return text[0];
    if (text == "::") return op_colons;
    if (text == "=>") return op_arrow;
    if (text == "//") return op_concat;
    if (text == "**") return op_power;
    if (text == "(/") return '[';
    if (text == "/)") return ']';
    if (text == "##") return op_paste;
    return op_compare;
}

}  // namespace

Tok Resolver::token_of(const Lexeme &lexeme) {
    Tok tok{lexeme.begin, lexeme.end - lexeme.begin, 0, kNone, lexeme.kind, 0, !lexeme.cut && !lexeme.tail};
    if (lexeme.kind == Kind::word && lexeme.part != Part::cpp) tok.name = names_.words.id(view(tok));
    if (lexeme.kind == Kind::other) tok.op = op_of(view(tok));
    return tok;
}

void Resolver::pair_brackets(Toks &tokens) {
    std::vector<uint32_t> opened;
    for (uint32_t i = 0; i < tokens.size(); i++) {
        char op = tokens[i].op;
        if (op == '(' || op == '[') {
            opened.push_back(i);
        } else if ((op == ')' || op == ']') && !opened.empty()) {
            tokens[i].match = opened.back();
            tokens[opened.back()].match = i;
            opened.pop_back();
        }
    }
}

void Resolver::flush_code() {
    if (code_.empty()) return;
    t_.swap(code_);
    code_.clear();
    join_spaced();
    pair_brackets(t_);
    chain_.assign(t_.size(), kNone);
    statement();
}

void Resolver::flush_directive() {
    if (directive_.empty()) return;
    t_.swap(directive_);
    directive_.clear();
    pair_brackets(t_);
    chain_.assign(t_.size(), kNone);
    directive();
}

void Resolver::flush_cpp() {
    if (cpp_.empty()) return;
    t_.swap(cpp_);
    cpp_.clear();
    chain_.assign(t_.size(), kNone);
    cpp_line();
}

// What has been gathered, in the order of the text.
void Resolver::flush_before(uint32_t begin) {
    bool directive_first = !directive_.empty() && !code_.empty() && directive_[0].begin < code_[0].begin;
    if (directive_first) flush_directive();
    if (!code_.empty() && code_[0].begin < begin) flush_code();
    flush_directive();
}

void Resolver::take(const Lexeme &lexeme) {
    if (lexeme.part != Part::cpp) flush_cpp();
    if (lexeme.kind == Kind::include) {
        if (lexeme.part == Part::code) flush_before(lexeme.begin);
        auto line = text_.substr(lexeme.begin, lexeme.end - lexeme.begin);
        auto open = line.find_first_of("'\"<"), close = line.find_first_of("'\">", open + 1);
        if (open != std::string_view::npos && close != std::string_view::npos) line = line.substr(open + 1, close - open - 1);
        includes_.push_back(line);
        names_.scope(scope_).wildcard = true;
        return;
    }
    if (lexeme.part == Part::cpp) {
        if (lexeme.starts) flush_cpp();
        cpp_.push_back(token_of(lexeme));
        return;
    }
    Toks &tokens = lexeme.part == Part::directive ? directive_ : code_;
    if (lexeme.starts && (lexeme.part == Part::code || !directive_.empty())) flush_before(lexeme.begin);
    if (lexeme.tail && !tokens.empty() && !tokens.back().whole) {
        joined_.push_back(joined_.back() + std::string(text_.substr(lexeme.begin, lexeme.end - lexeme.begin)));
        tokens.back().name = names_.words.id(joined_.back());
        fixed_.push_back(tokens.back().name);
        return;
    }
    tokens.push_back(token_of(lexeme));
    if (lexeme.cut) joined_.emplace_back(view(tokens.back()));
}

uint32_t Resolver::find_op(uint32_t i, char op) const {
    while (i < size() && t_[i].op != op) i = behind(i);
    return i < size() ? i : size();
}

// Notes that the word at `k` means `entity`.
uint32_t Resolver::place(uint32_t k, uint32_t entity) {
    if (t_[k].whole) places_.push_back({t_[k].begin, t_[k].length, entity});
    chain_[k] = entity * 2;
    return entity;
}

uint32_t Resolver::refer(uint32_t k, uint32_t state) {
    if (macro_at(k)) return kNone;
    uint32_t entity = names_.in(scope_, t_[k].name);
    Entity &e = names_.at(names_.root(entity));
    e.state |= state | (e.state & s_typed ? 0 : uint32_t(s_early));
    return place(k, entity);
}

uint32_t Resolver::declare(uint32_t k, uint32_t state) {
    if (macro_at(k)) return kNone;
    uint32_t entity = names_.in(scope_, t_[k].name);
    Entity &e = names_.at(names_.root(entity));
    e.state |= state;
    e.flags |= declared;
    return place(k, entity);
}

Analysis Resolver::run() {
    find_macros();
    for (Lexeme lexeme; scanner_.next(lexeme);)
        if (!lexeme.trivia) take(lexeme);
    flush_cpp();
    flush_before(kNone);
    bool fragment = !open_.empty() && open_[0].unnamed;
    while (!open_.empty()) pop();
    names_.settle(fragment);
    return analysis();
}

}  // namespace hpcraft::fortran

namespace hpcraft {

Analysis resolve_fortran(std::string_view source, Form form) {
    fortran::Resolver resolver(source, form);
    Analysis found = resolver.run();
    return resolver.has_spaced() ? fortran::Resolver(source, form).run(resolver.spaced_words()) : std::move(found);
}

}  // namespace hpcraft
