// The code tokens of a text, with lookahead; its directives are kept apart until the parser gets to where they stand.
//
// Of `#if` and its alternatives the first branch is code. The others are too, where the first was whole (as many closing brackets as
// opening ones, its end the end of a statement); else they are *weak*: names are found in them, but they declare nothing.
#pragma once

#include <vector>

#include "c_lexer.h"
#include "c_names.h"

namespace hpcraft {

// An operator of up to three characters as a number, to compare with.
constexpr uint32_t op(const char *text) {
    uint32_t value = 0;
    for (; *text; text++) value = value << 8 | static_cast<uint8_t>(*text);
    return value;
}

struct Tok {
    uint32_t begin = 0, end = 0;
    uint32_t value = 0;  // of a word its spelling, of an operator its characters; 0 at the end of the text
    Kind kind = Kind::other;
    Word word = Word::name;

    bool is(const char *text) const { return kind == Kind::other && value == op(text); }
    bool is(Word wanted) const { return kind == Kind::word && word == wanted; }
    bool name() const { return kind == Kind::word && word == Word::name; }
    bool end_of_text() const { return kind == Kind::other && value == 0; }
};

// A token of the lexer as the parser reads it; a word's spelling is interned.
Tok tok_of(const Token &token, std::string_view source, Names &names);

enum class Part : uint8_t { directive, weak, disputed };

// A stretch of the text that isn't code for the parser.
struct Aside {
    uint64_t before;  // number of the code token that follows
    uint32_t begin, end;
    Part part;
};

class Stream {
public:
    Stream(std::string_view source, Names &names) : source_(source), names_(names), lexer_(source), ring_(64) {}

    // The k-th code token from here; the end of the text repeats.
    Tok peek(size_t k = 0) {
        while (count_ <= k) fill();
        return ring_[(head_ + k) & (ring_.size() - 1)];
    }
    void pop() {
        peek();
        head_ = (head_ + 1) & (ring_.size() - 1);
        count_--;
        taken_++;
    }
    // The next aside that stands before the present token.
    bool aside(Aside &out);

private:
    struct Branch {
        int depth;
        Tok last;
        bool outside_weak;  // the whole group stands in weak text
        bool dead;          // #if 0
        bool rest_weak;
        bool first;
    };
    void fill();
    void put(const Tok &token);
    void unveil(Tok &token);
    void directive(uint32_t begin);
    void conditional(std::string_view name, uint32_t begin, uint32_t end);
    void next_branch(Branch &branch);
    bool whole(const Branch &branch) const;
    void set_weak(bool weak, bool disputed, uint32_t at);
    void close_weak(uint32_t at);

    std::string_view source_;
    Names &names_;
    CLexer lexer_;
    std::vector<Tok> ring_;
    size_t head_ = 0, count_ = 0;
    uint64_t taken_ = 0, filled_ = 0;
    std::vector<Aside> asides_;
    size_t next_aside_ = 0;
    std::vector<Branch> branches_;
    bool line_start_ = true, ended_ = false;
    bool weak_ = false, disputed_ = false;
    uint32_t weak_from_ = 0;
    int depth_ = 0;
    Tok last_;
};

}  // namespace hpcraft
