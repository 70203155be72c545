// Dispatch of directives; names in the clauses of OpenMP and OpenACC, which stand by position.
#include <unordered_set>

#include "c_directives.h"

namespace hpcraft {

namespace {

using Set = std::unordered_set<std::string_view>;

// Clauses whose parentheses hold words of the standard alone.
const Set kWordsAlone = {"default", "proc_bind", "bind", "order", "atomic_default_mem_order", "device_type", "dtype", "at", "severity",
                         "defaultmap", "match", "message", "fail", "memscope", "adjust_args", "append_args", "absent", "contains"};
// Clauses whose first argument is a word.
const Set kWordFirst = {"schedule", "dist_schedule", "gang", "worker", "vector"};
// Words before the colon of a clause.
const Set kModifiers = {"to", "from", "tofrom", "alloc", "release", "delete", "always", "close", "present", "iterator", "mapper",
                        "in", "out", "inout", "inoutset", "mutexinoutset", "depobj", "sink", "source", "min", "max", "inscan",
                        "task", "default", "val", "ref", "uval", "parallel", "target", "data", "enter", "exit", "update",
                        "taskloop", "teams", "simd", "cancel", "ancestor", "device_num", "monotonic", "nonmonotonic", "static",
                        "dynamic", "guided", "runtime", "auto", "conditional", "strict", "force", "readonly", "zero", "num",
                        "dim", "length", "devnum", "queues", "allocator", "align", "step", "tgt", "omp_cur_iteration", "and",
                        "or", "self", "prefer_type", "targetsync", "need_device_ptr", "capture"};

bool words_alone(std::string_view clause) { return kWordsAlone.count(clause) != 0; }

}  // namespace

void Directives::fix_words(uint32_t begin, uint32_t end) {
    if (end <= begin + 2) return;
    CLexer lexer(source_.substr(0, end - 1), begin + 1);
    Token token;
    while (lexer.next(token)) {
        if (token.kind == Kind::word) names_[names_.intern(source_.substr(token.begin, token.end - token.begin))].traits |= fix_all;
        if (token.kind == Kind::string) fix_words(token.begin, token.end);
    }
}

void Directives::include(const Aside &aside) {
    std::string_view line = source_.substr(aside.begin, aside.end - aside.begin);
    size_t open = line.find_first_of("<\"");
    names_.last_include = aside.begin;
    if (open == std::string_view::npos) {
        names_.last_quoted = aside.begin;
        for (const Tok &token : words_of(aside.begin + uint32_t(line.find("include")) + 7, aside.end)) {
            if (token.kind != Kind::word) continue;
            names_[token.value].traits |= fix_all;
            names_.includes.push_back(text(token));
        }
        return;
    }
    size_t close = line.find(line[open] == '<' ? '>' : '"', open + 1);
    if (line[open] == '"') names_.last_quoted = aside.begin;
    names_.includes.push_back(line.substr(open + 1, std::min(close, line.size()) - open - 1));
}

void Directives::weak(const Aside &aside) {
    for (const Tok &token : words_of(aside.begin, aside.end)) {
        if (!token.name()) continue;
        names_[token.value].traits |= in_code | (aside.part == Part::disputed ? pin_all : dead);
        if (aside.part == Part::disputed) names_.place(token.begin, token.end, names_.use(token.value));
        else names_.weak_place(token.begin, token.end, token.value);
    }
}

void Directives::read(const Aside &aside) {
    if (aside.part != Part::directive) return weak(aside);
    std::string_view line = source_.substr(aside.begin, aside.end - aside.begin);
    size_t hash = line.find('#');
    size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word != std::string_view::npos && line.substr(word, 7) == "include") {
        if (line.substr(word, 8) != "include_") include(aside);
        return;
    }
    std::vector<Tok> tokens = words_of(aside.begin, aside.end);
    num_read_++;
    if (tokens.size() < 2 || tokens[1].kind != Kind::word) return;
    std::string_view name = text(tokens[1]);
    if (num_read_ == 1 && name == "ifndef" && tokens.size() == 3) guard_ = tokens[2].value + 1;
    if (name == "define") define(tokens, 2);
    else if (name == "if" || name == "elif" || name == "ifdef" || name == "ifndef" || name == "elifdef" || name == "elifndef") {
        condition(tokens, 2);
    } else if (name == "undef") condition(tokens, 2);
    else if (name == "pragma") pragma(tokens, 2);
}

void Directives::flush() {
    auto waiting = std::move(waiting_);
    waiting_.clear();
    for (const auto &line : waiting) {
        size_t at = 4;
        while (at < line.size()) at = at + 1 < line.size() && line[at + 1].is("(") ? clause(line, at, text(line[at])) : at + 1;
    }
}

void Directives::pragma(const std::vector<Tok> &line, size_t from) {
    if (from >= line.size()) return;
    std::string_view family = text(line[from]);
    if (family != "omp" && family != "acc" && family != "omx" && family != "ompx") {
        for (size_t i = from; i < line.size(); i++) {
            if (line[i].kind == Kind::word) names_[line[i].value].traits |= fix_all;
            if (line[i].kind == Kind::string) fix_words(line[i].begin, line[i].end);
        }
        return;
    }
    bool declares = from + 2 < line.size() && text(line[from + 1]) == "declare";
    std::string_view second = from + 2 < line.size() ? text(line[from + 2]) : "";
    // Clauses of these name parameters of the function that follows.
    if (declares && (second == "simd" || second == "variant")) return waiting_.push_back(line);
    for (size_t at = from + 1; at < line.size();) {
        bool opens = at + 1 < line.size() && line[at + 1].is("(") && line[at].kind == Kind::word;
        at = opens ? clause(line, at, text(line[at])) : at + 1;
    }
}

// The clause whose name stands at `at`; returns where the next begins.
size_t Directives::clause(const std::vector<Tok> &line, size_t at, std::string_view clause_name) {
    size_t from = at + 2, end = from, colon = 0, comma = 0;
    int depth = 1, square = 0;
    bool question = false;
    for (; end < line.size(); end++) {
        const Tok &token = line[end];
        if (token.is("(") || token.is("[") || token.is("{")) depth++, square += token.is("[");
        if (token.is(")") || token.is("]") || token.is("}")) depth--, square -= token.is("]");
        if (depth == 0) break;
        if (token.is("?")) question = true;
        if (depth == 1 && token.is(":") && !colon && !question) colon = end;
        if (depth == 1 && token.is(",") && !comma) comma = end;
    }
    if (words_alone(clause_name)) return end + 1;
    if (clause_name == "aligned" || clause_name == "linear") {
        for (size_t i = from; i < end; i++) {
            bool modifier = kModifiers.count(text(line[i])) && (line[i + 1].is("(") || (colon && i > colon));
            if (line[i].name() && !modifier) name(line, i, from);
        }
        return end + 1;
    }
    if (clause_name == "reduction" || clause_name == "in_reduction" || clause_name == "task_reduction") {
        for (size_t i = from; i < colon; i++) {
            bool own = line[i].name() && !kModifiers.count(text(line[i]));
            if (own) names_.place(line[i].begin, line[i].end, names_.outer(line[i].value, 'v', false));
        }
        list(line, colon ? colon + 1 : from, end);
        return end + 1;
    }
    if (kWordFirst.count(clause_name) && !colon) {
        for (size_t i = from; i < (comma ? comma : end); i++) {
            if (!line[i].name() || kModifiers.count(text(line[i]))) continue;
            name(line, i, from);
        }
        if (comma) list(line, comma, end);
        return end + 1;
    }
    for (size_t i = from; i < colon; i++) {
        if (line[i].name() && !kModifiers.count(text(line[i]))) name(line, i, from);
    }
    bool wordless = !colon && from + 1 == end && line[from].kind == Kind::word && (clause_name == "depend" || clause_name == "doacross");
    if (!wordless) list(line, colon ? colon + 1 : from, end);
    return end + 1;
}

void Directives::list(const std::vector<Tok> &line, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        if (line[i].name()) name(line, i, from);
    }
}

// One name of a clause: a member behind a dot, else what the name means here.
void Directives::name(const std::vector<Tok> &line, size_t at, size_t from) {
    const Tok &token = line[at];
    names_[token.value].traits |= in_code;
    bool behind = at > from && (line[at - 1].is(".") || line[at - 1].is("->") || line[at - 1].is("::"));
    uint32_t symbol = !behind                    ? names_.use(token.value)
                      : language_ == Language::c ? names_.member(token.value, false)
                                                 : names_.outer(token.value, 'm', false);
    names_.place(token.begin, token.end, symbol);
}

}  // namespace hpcraft
