// Spellings, symbols and scopes of a text in C, C++ or CUDA, and the places where names stand.
//
// A spelling is interned once; what it means at a place is one look into its record: the innermost local binding, else the symbol
// outside all functions. Leaving a scope undoes its bindings. Symbols are merged in the end, where spellings were pinned.
#pragma once

#include <unordered_set>

#include "analysis.h"
#include "c_words.h"

namespace hpcraft {

enum Trait : uint16_t {
    pin_all = 1,        // all symbols of this spelling are one
    fix_all = 2,        // all symbols of this spelling stay
    macro_name = 4,     // defined as a macro
    macro_call = 8,     // .. with parameters
    in_code = 16,       // stands outside of directives, or in the body of a macro
    tested = 32,        // stands in the condition of a directive before the text defines it, so that a command line may
    guard = 64,         // a guard against a second inclusion
    dead = 128,         // stands in text that no compiler may see
    opens = 256,        // a macro for an opening brace and nothing else; while macros are surveyed: in one definition at least
    closes = 512,       // .. for a closing brace
    unbalanced = 1024,  // a macro with brackets that have no partner in it
    surrounds = 2048,   // .. that opens `extern "C"` or a namespace
    balanced = 4096,    // .. whose brackets match in one definition at least
};

struct Spelling {
    std::string_view text;
    uint64_t hashed = 0;  // the parameters of this macro that # or ## touch, as bits
    uint64_t selecting = 0;  // .. that stand where a member does
    uint32_t hash = 0;
    uint32_t local = 0;   // innermost binding; all numbers here are one more than the index, 0 is none
    uint32_t outer = 0;   // symbol outside all functions
    uint32_t tag = 0;     // C: symbol behind struct, union, enum
    uint32_t member = 0;  // C: symbol behind . and ->
    uint32_t label = 0;
    uint32_t label_function = 0;
    uint32_t defined_at = 0;
    uint16_t traits = 0;
    Word word = Word::name;
};

struct Meaning {
    uint32_t spelling;
    char kind;
    uint8_t flags;
    bool used_undeclared;   // outside of every scope that declares it
    bool macro_parameter;   // exact whatever is pinned
    bool unknown_base;      // a class with a base that isn't in the text
};

class Names {
public:
    Names(std::string_view source, Language language);

    uint32_t intern(std::string_view text);
    Spelling &operator[](uint32_t id) { return spellings_[id]; }
    Meaning &meaning(uint32_t symbol) { return meanings_[symbol]; }

    void push() { scopes_.push_back(uint32_t(bindings_.size())); }
    void pop();
    size_t depth() const { return scopes_.size(); }

    // The symbol of a name declared in the innermost scope; one that this scope has already is the same.
    uint32_t bind(uint32_t id, char kind);
    void bind_to(uint32_t id, uint32_t symbol);
    uint32_t outer(uint32_t id, char kind, bool declares);
    uint32_t tag(uint32_t id, bool declares);
    uint32_t member(uint32_t id, bool declares);
    uint32_t label(uint32_t id, uint32_t function);
    // The symbol of a plain name that is used: local, or outside.
    uint32_t use(uint32_t id);
    // The symbol of a name that means something now, or none.
    bool known(uint32_t id, uint32_t &symbol);
    bool is_local(uint32_t id) { return spellings_[id].local != 0; }
    char kind_of(uint32_t id);

    void place(uint32_t begin, uint32_t end, uint32_t symbol);
    // A name in text that may mean nothing: goes with a symbol of its spelling if there is one in the end.
    void weak_place(uint32_t begin, uint32_t end, uint32_t id);
    void fragment(std::string_view piece) { fragments_.insert(piece); }
    // When all macros were seen: which of them stand for a brace, and which hide one.
    void settle_braces();

    Analysis finish(bool pin_everything);

    std::vector<std::string_view> includes;
    uint32_t last_include = 0, last_quoted = 0;
    bool pastes = false;
    bool surrounded = false;  // a macro opens `extern "C"` or a namespace

private:
    struct Binding {
        uint32_t spelling, symbol, previous, level;
    };
    struct Weak {
        uint32_t begin, length, spelling;
    };
    uint32_t make(uint32_t id, char kind, uint8_t flags);
    void grow();
    bool pasted(std::string_view text) const;
    void fix_macros();
    void fix_pasted();
    void pin_undeclared();
    std::vector<uint32_t> merged(bool pin_everything);
    void settle_weak(std::vector<uint32_t> &into);

    std::string_view source_;
    Language language_;
    std::vector<Spelling> spellings_;
    std::vector<uint32_t> table_;
    std::vector<Meaning> meanings_;
    std::vector<Binding> bindings_;
    std::vector<uint32_t> scopes_;
    std::vector<Place> places_;
    std::vector<Weak> weak_;
    std::unordered_set<std::string_view> fragments_;
};

}  // namespace hpcraft
