// What the native half of the tokenizer gives to Python: tokens, and names with the scopes that they belong to.
//
// Theory of operation. A text goes through a lexer, which cuts it without losing a byte, and a resolver, which walks over the
// tokens once and says for each word that is a name which *symbol* it means. Python then decides which symbols stay and how the
// others are called (`hpcraft.tokenizer.rename`), and `substitute` writes the text with them. Nothing here fails on odd text: what the
// resolver can't tell is *pinned*, which makes all symbols of one spelling one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hpcraft {

enum class Language : uint8_t { c, cpp, cuda, fortran };
// Fixed form with statements up to column 132 is a form of its own, for the sake of files that need such an option of the compiler.
enum class Form : uint8_t { free_form, fixed_form, wide_fixed_form };

// In the order of `KINDS` in hpcraft/tokenizer/lexer.py.
enum class Kind : uint8_t { comment, string, number, word, space, newline, include, other };

struct Token {
    uint32_t begin;
    uint32_t end;
    Kind kind;
};

enum Flag : uint8_t {
    declared = 1,  // this text declares or defines it
    local = 2,     // declared inside a function, or a parameter: hides every name of a platform
    called = 4,    // stands before a parenthesis somewhere
    pinned = 8,    // one symbol for all that is spelled so
    fixed = 16,    // must keep its spelling (touched by # or ##, formed by pasting, inherited from an unknown class, ...)
    member = 32,  // declared in a class, or used behind . or -> (C++, where such a name may be another kind's too)
};

// A name. `kind` is the letter of its canonical names: v variable, f function, t type, m member, l label, d macro; in Fortran also
// i for what is an implicit integer, and s for macros, since one called d0 would change 1.d0.
struct Symbol {
    std::string_view spelling;  // as it stands at its first place; a view of the source
    char kind;
    uint8_t flags;
};

// A place where a name stands, and the number of its symbol.
struct Place {
    uint32_t begin;
    uint32_t length;
    uint32_t symbol;
};

struct Analysis {
    std::vector<Symbol> symbols;
    std::vector<Place> places;                // in the order of the text
    std::vector<std::string_view> includes;   // what the text includes or uses: headers of C, modules of Fortran
};

// Bytes of a rewritten text that the rewriting put in for the sake of columns, and what stood there before.
struct Patch {
    uint32_t begin;
    uint32_t length;
    std::string original;
};

// Of a text, so that offsets of 32 bits reach; `view` in module.cc holds all that Python hands over to it.
constexpr uint64_t kMaxBytes = 0xFFFFFFFFu;

std::vector<Token> lex_c(std::string_view source);
std::vector<Token> lex_fortran(std::string_view source, Form form);

Analysis resolve_c(std::string_view source, Language language);
Analysis resolve_fortran(std::string_view source, Form form);

}  // namespace hpcraft
