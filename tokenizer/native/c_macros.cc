// Macros: which of their parameters # and ## touch, and the names in their definitions and in conditions.
#include <algorithm>

#include "c_directives.h"

namespace hpcraft {

namespace {

constexpr int kMaxRounds = 32;  // macros that hand parameters on, one to the next; beyond, all of their parameters count as touched
constexpr int kVariadic = 63;

uint64_t bit(int position) { return uint64_t(1) << std::min(position, kVariadic); }

}  // namespace

std::vector<Tok> Directives::words_of(uint32_t begin, uint32_t end) {
    std::vector<Tok> found;
    CLexer lexer(source_.substr(0, end), begin);
    Token token;
    while (lexer.next(token)) {
        bool code = token.kind != Kind::space && token.kind != Kind::comment && token.kind != Kind::newline;
        if (code) found.push_back(tok_of(token, source_, names_));
    }
    return found;
}

// Reads NAME or NAME(parameters) and the body from a directive's tokens.
bool Directives::parse_macro(const std::vector<Tok> &line, size_t from, Macro &macro) {
    if (from >= line.size() || line[from].kind != Kind::word) return false;
    macro.name = line[from].value;
    macro.function_like = from + 1 < line.size() && line[from + 1].is("(") && line[from + 1].begin == line[from].end;
    size_t at = from + 1;
    if (macro.function_like) {
        for (at++; at < line.size() && !line[at].is(")"); at++) {
            if (line[at].kind == Kind::word) macro.parameters.push_back(line[at].value);
            bool named = line[at - 1].kind == Kind::word;
            if (line[at].is("...") && !named) macro.parameters.push_back(names_.intern("__VA_ARGS__"));
        }
        at++;
    }
    if (at < line.size()) macro.body.assign(line.begin() + long(at), line.end());
    return true;
}

void Directives::survey() {
    for (size_t at = source_.find("define"); at != std::string_view::npos; at = source_.find("define", at + 6)) {
        size_t hash = at;
        while (hash > 0 && (source_[hash - 1] == ' ' || source_[hash - 1] == '\t')) hash--;
        if (hash == 0 || source_[hash - 1] != '#') continue;
        CLexer lexer(source_, at);
        Token token;
        std::vector<Tok> line;
        while (lexer.next(token) && token.kind != Kind::newline) {
            if (token.kind != Kind::space && token.kind != Kind::comment) line.push_back(tok_of(token, source_, names_));
        }
        Macro macro;
        if (!parse_macro(line, 1, macro)) continue;
        survey_macro(macro);
        size_t before = source_.find_last_not_of(" \t", hash - 2);
        bool in_comment = hash >= 2 && before != std::string_view::npos && source_[before] != '\n';
        if (!in_comment) survey_braces(macro);
    }
    spread();
    names_.settle_braces();
}

// Brackets of a body that have no partner in it; macros for braces, defined before, count as braces.
void Directives::survey_braces(const Macro &macro) {
    int depth = 0, lowest = 0;
    uint16_t single = 0;
    for (const Tok &token : macro.body) {
        uint16_t traits = token.kind == Kind::word ? names_[token.value].traits : 0;
        bool up = token.is("{") || (traits & opens), down = token.is("}") || (traits & closes);
        if (up || token.is("(") || token.is("[")) depth++;
        if (down || token.is(")") || token.is("]")) depth--;
        if (traits & unbalanced) lowest = -1;
        lowest = std::min(lowest, depth);
        single = up ? opens : down ? closes : 0;
    }
    uint16_t shape = depth || lowest < 0 ? unbalanced : balanced;
    bool alone = macro.body.size() == 1 && !macro.function_like;
    if (alone && single) shape = single;
    else if (depth == 1 && !lowest && (macro.body[0].is(Word::extern_) || macro.body[0].is(Word::namespace_))) shape = surrounds;
    names_.surrounded |= shape == surrounds;
    names_[macro.name].traits |= shape;
}

void Directives::hash_parameter(const Macro &macro, uint32_t parameter) {
    for (size_t i = 0; i < macro.parameters.size(); i++) {
        if (macro.parameters[i] == parameter) names_[macro.name].hashed |= bit(int(i));
    }
    if (!macro.parameters.empty() && macro.parameters.back() == parameter && parameter == names_.intern("__VA_ARGS__")) {
        for (int i = int(macro.parameters.size()) - 1; i <= kVariadic; i++) names_[macro.name].hashed |= bit(i);
    }
}

// Parameters behind `.` and `->`, and those that end an offsetof.
void Directives::survey_members(const Macro &macro) {
    const auto &body = macro.body;
    bool offset = false;
    for (size_t i = 1; i < body.size(); i++) {
        offset = (offset || body[i - 1].is(Word::offsetof_)) && !body[i - 1].is(")");
        bool selects = body[i - 1].is(".") || body[i - 1].is("->") || (offset && body[i - 1].is(","));
        if (!selects) continue;
        auto found = std::find(macro.parameters.begin(), macro.parameters.end(), body[i].value);
        if (body[i].kind != Kind::word || found == macro.parameters.end()) continue;
        names_[macro.name].selecting |= bit(int(found - macro.parameters.begin()));
    }
}

void Directives::survey_macro(const Macro &macro) {
    survey_members(macro);
    const auto &body = macro.body;
    auto piece = [&](const Tok &token) {
        bool parameter = std::find(macro.parameters.begin(), macro.parameters.end(), token.value) != macro.parameters.end();
        if (token.kind == Kind::word && parameter) return hash_parameter(macro, token.value);
        if (token.kind == Kind::word || token.kind == Kind::number) names_.fragment(text(token));
    };
    for (size_t i = 0; i < body.size(); i++) {
        if (body[i].is("##")) {
            names_.pastes = true;
            if (i > 0) piece(body[i - 1]);
            if (i + 1 < body.size()) piece(body[i + 1]);
        } else if (body[i].is("#") && macro.function_like && i + 1 < body.size()) {
            piece(body[i + 1]);
        } else if (body[i].kind == Kind::word && i + 1 < body.size() && body[i + 1].is("(")) {
            survey_call(macro, i);
        }
    }
    if (!macro.function_like && body.size() == 1 && (body[0].kind == Kind::word || body[0].kind == Kind::number)) {
        names_.fragment(text(body[0]));
    }
}

// Notes what a body hands to the macro that it calls at `at`.
void Directives::survey_call(const Macro &macro, size_t at) {
    const auto &body = macro.body;
    int depth = 0, position = 0;
    for (size_t i = at + 1; i < body.size(); i++) {
        if (body[i].is("(")) depth++;
        if (body[i].is(")") && --depth == 0) return;
        if (body[i].is(",") && depth == 1) position++;
        if (body[i].kind != Kind::word && body[i].kind != Kind::number) continue;
        auto found = std::find(macro.parameters.begin(), macro.parameters.end(), body[i].value);
        if (body[i].kind == Kind::word && found != macro.parameters.end()) {
            flows_.push_back({macro.name, body[at].value, int(found - macro.parameters.begin()), position});
        } else {
            bool called_parameter = std::find(macro.parameters.begin(), macro.parameters.end(), body[at].value) != macro.parameters.end();
            handed_.push_back({called_parameter ? 0xFFFFFFFFu : body[at].value, position, body[i]});
        }
    }
}

// Follows parameters that are handed on until nothing is new.
void Directives::spread() {
    bool changed = true;
    for (int round = 0; changed && round < kMaxRounds; round++) {
        changed = false;
        for (const Flow &flow : flows_) {
            // Arguments that follow a variadic one are part of it.
            for (uint64_t Spelling::*mask : {&Spelling::hashed, &Spelling::selecting}) {
                uint64_t wanted = bit(flow.from_position);
                if (!(names_[flow.to].*mask & bit(flow.to_position)) || names_[flow.from].*mask & wanted) continue;
                names_[flow.from].*mask |= wanted;
                changed = true;
            }
        }
    }
    if (changed) {
        for (const Flow &flow : flows_) names_[flow.from].hashed = ~uint64_t(0);
    }
    for (const Handed &handed : handed_) {
        bool touched = handed.to == 0xFFFFFFFFu ? names_.pastes : (names_[handed.to].hashed & bit(handed.position)) != 0;
        if (!touched) continue;
        names_.fragment(text(handed.word));
        if (handed.word.kind == Kind::word) names_[handed.word.value].traits |= fix_all;
    }
    flows_ = {};
    handed_ = {};
}

// A definition: the parameters are its own, every other name of the body is one with its namesakes wherever they stand.
void Directives::define(const std::vector<Tok> &line, size_t from) {
    Macro macro;
    if (!parse_macro(line, from, macro)) return;
    Spelling &spelling = names_[macro.name];
    bool empty = macro.body.empty() && !macro.function_like;
    if (num_read_ == 2 && empty && guard_ == macro.name + 1) spelling.traits |= guard;
    if (!(spelling.traits & macro_name)) spelling.defined_at = line[from].begin;
    spelling.traits |= macro_name | (macro.function_like ? macro_call : 0);
    if (line[from].word == Word::name) names_.place(line[from].begin, line[from].end, names_.outer(macro.name, 'd', true));
    names_.push();
    uint32_t variadic = names_.intern("__VA_ARGS__");
    for (uint32_t parameter : macro.parameters) {
        if (parameter != variadic && names_[parameter].word == Word::name) {
            names_.meaning(names_.bind(parameter, 'v')).macro_parameter = true;
        }
    }
    size_t head = line.size() - macro.body.size();
    for (size_t i = from + 1; i < line.size(); i++) {
        if (line[i].is(Word::pragma_) && i + 2 < line.size()) fix_words(line[i + 2].begin, line[i + 2].end);
        if (!line[i].name()) continue;
        bool parameter = std::find(macro.parameters.begin(), macro.parameters.end(), line[i].value) != macro.parameters.end();
        if (parameter) {
            names_.place(line[i].begin, line[i].end, names_.use(line[i].value));
        } else if (i >= head) {
            Spelling &used = names_[line[i].value];
            used.traits |= pin_all | in_code;
            uint32_t symbol = names_.outer(line[i].value, 'v', false);
            if (i + 1 < line.size() && line[i + 1].is("(")) names_.meaning(symbol).flags |= called;
            names_.place(line[i].begin, line[i].end, symbol);
        }
    }
    names_.pop();
}

// The condition of #if, or the name in #ifdef and #undef.
void Directives::condition(const std::vector<Tok> &line, size_t from) {
    for (size_t i = from; i < line.size(); i++) {
        if (!line[i].name()) continue;
        Spelling &spelling = names_[line[i].value];
        if (!(spelling.traits & macro_name)) spelling.traits |= tested;
        names_.place(line[i].begin, line[i].end, names_.outer(line[i].value, 'd', false));
    }
}

}  // namespace hpcraft
