// The preprocessor in Fortran: macros are told from Fortran's names by their exact spelling.
//
// What a macro's body means depends on where the macro stands, so that each name in it is pinned: everything in the text that is
// spelled so is one symbol. A body is expanded as tradition has it: also inside of strings, and /**/ pastes.
#include <cstring>

#include "fortran_resolve.h"

namespace hpcraft::fortran {

// The macros that the text defines, and those that it asks for.
void Resolver::find_macros() {
    const char *begin = text_.data(), *end = begin + text_.size();
    for (const char *at = begin; at < end;) {
        const char *stop = static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
        if (*at == '#') define_line(uint32_t(at - begin));
        if (!stop) break;
        at = stop + 1;
    }
}

void Resolver::define_line(uint32_t begin) {
    size_t i = begin + 1;
    auto skip = [&] { while (i < text_.size() && is_blank(text_[i])) i++; };
    auto next_word = [&] {
        skip();
        size_t from = i;
        while (i < text_.size() && in_word(text_[i])) i++;
        return text_.substr(from, i - from);
    };
    auto what = next_word();
    if (what != "define" && what != "undef") return;
    auto name = next_word();
    if (name.empty() || is_digit(name[0])) return;
    macro(name);
    Macro &found = macros_[name];
    if (what == "define") {
        found.defined = true;
        found.function_like = i < text_.size() && text_[i] == '(';
    }
}

uint32_t Resolver::macro(std::string_view spelling) {
    auto [found, made] = macros_.try_emplace(spelling, Macro{0, false, false});
    if (!made) return found->second.symbol;
    uint32_t name = names_.words.id(spelling);
    if (macro_names_.size() <= name) macro_names_.resize(name + 1);
    macro_names_[name] = true;
    // A scope of its own each, for macros know case.
    uint32_t entity = names_.in(uint32_t(0x80000000u + macros_.size()), name);
    return found->second.symbol = entity;
}

// Notes the word as a macro when it is one.
bool Resolver::macro_at(uint32_t k) {
    uint32_t name = t_[k].name;
    if (name >= macro_names_.size() || !macro_names_[name]) return false;
    auto found = macros_.find(view(t_[k]));
    if (found == macros_.end() || (found->second.function_like && op(k + 1) != '(')) return false;
    place(k, found->second.symbol);
    chain_[k] = kNone;
    return true;
}

void Resolver::cpp_line() {
    uint32_t i = 1;
    auto what = i < size() ? view(t_[i]) : std::string_view();
    if (what == "else" || what == "elif") branches_++;
    if (what == "define") {
        if (!is_word(2)) return;
        Macro &found = macros_[view(t_[2])];
        place(2, found.symbol);
        names_.at(found.symbol).flags |= declared;
        return macro_body(3);
    }
    if (what != "if" && what != "ifdef" && what != "ifndef" && what != "elif" && what != "undef") return;
    for (uint32_t k = 2; k < size(); k++) {
        if (!is_word(k) || view(t_[k]) == "defined") continue;
        auto spelling = view(t_[k]);
        uint32_t entity = macro(spelling);
        place(k, entity);
        // The command line may define it, and then it has a meaning wherever it stands.
        if (!(names_.at(entity).flags & declared)) fix(spelling);
    }
}

// The parameters and the text of a macro, from `i` on.
void Resolver::macro_body(uint32_t i) {
    uint32_t begin = i;
    if (op(i) == '(' && i > 0 && t_[i - 1].begin + t_[i - 1].length == t_[i].begin)
        while (begin < size() && op(begin) != ')') begin++;
    for (uint32_t k = i; k < size(); k++) {
        if (t_[k].kind == Kind::string) {  // parameters are replaced in strings too
            auto text = view(t_[k]);
            for (size_t a = 0; a < text.size();) {
                size_t b = a;
                while (b < text.size() && in_word(text[b])) b++;
                if (b > a && is_letter(text[a])) fix(text.substr(a, b - a));
                a = b > a ? b : a + 1;
            }
        }
        if (is_word(k)) macro_word(k);
    }
}

void Resolver::macro_word(uint32_t k) {
    auto spelling = view(t_[k]);
    auto known = macros_.find(spelling);
    auto touches = [&](uint32_t a, uint32_t b) {
        if (b >= size() || t_[a].begin + t_[a].length == t_[b].begin) return false;
        return text_[t_[a].begin + t_[a].length] == '/' && text_[t_[b].begin - 1] == '/';  // a comment pastes
    };
    bool pasted = (k > 0 && (op(k - 1) == op_paste || op(k - 1) == '#' || touches(k - 1, k))) || op(k + 1) == op_paste || touches(k, k + 1);
    if (pasted) fix(spelling);
    if (known != macros_.end()) {
        place(k, known->second.symbol);
        return;
    }
    uint32_t name = names_.words.id(spelling);
    if (name < w_count) {  // perhaps a keyword
        fix(spelling);
        return;
    }
    if (k > 0 && op(k - 1) == '%') {
        place(k, names_.in(kMembers, name));
        names_.at(names_.root(names_.in(kMembers, name))).state |= s_member;
    } else {
        place(k, names_.in(kGlobal, name));
        if (k > 0 && names_.words.id(view(t_[k - 1])) == w_call) names_.at(names_.root(names_.in(kGlobal, name))).state |= s_sub;
        if (op(k + 1) == '(') names_.at(names_.root(names_.in(kGlobal, name))).state |= s_called;
    }
    pinned_.push_back(name);
}

}  // namespace hpcraft::fortran
