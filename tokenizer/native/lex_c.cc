// Cuts C, C++ and CUDA into tokens: comments with line splices, raw strings, numbers with separators, directives' includes.
#include "c_lexer.h"

#include <algorithm>
#include <array>

namespace hpcraft {

namespace {

enum Class : uint8_t { letter = 1, digit = 2, blank = 4 };

constexpr std::array<uint8_t, 256> classes_of_bytes() {
    std::array<uint8_t, 256> table{};
    for (int byte = 0; byte < 256; byte++) {
        bool alphabetic = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (alphabetic || byte == '_' || byte == '$' || byte >= 0x80) table[byte] |= letter;
        if (byte >= '0' && byte <= '9') table[byte] |= digit;
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v') table[byte] |= blank;
    }
    return table;
}

constexpr auto kClasses = classes_of_bytes();

bool is(char byte, uint8_t wanted) { return kClasses[static_cast<uint8_t>(byte)] & wanted; }

// Length of a line splice (a backslash and a newline) at `at`, or 0.
size_t splice(std::string_view text, size_t at) {
    if (at >= text.size() || text[at] != '\\') return 0;
    if (at + 1 < text.size() && text[at + 1] == '\n') return 2;
    return at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n' ? 3 : 0;
}

constexpr size_t kNone = std::string_view::npos;
constexpr int kRawTries = 16;  // raw strings without an end, after which none is looked for: bounds the time on hostile text
constexpr size_t kDelimiter = 16;

}  // namespace

// A line that includes, up to its newline; 0 if this is none.
size_t CLexer::include_end() const {
    size_t at = at_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) at++;
    if (at >= text_.size() || text_[at] != '#') return 0;
    at++;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) at++;
    if (text_.substr(at, 7) != "include") return 0;
    at += 7;
    if (at < text_.size() && is(text_[at], letter | digit)) return 0;
    return header_end(at);
}

// The end of an include line, but for a comment, which may go on over more lines. In a header's name and in strings `//` is no comment.
size_t CLexer::header_end(size_t at) const {
    size_t end = std::min(text_.find('\n', at), text_.size());
    while (at < end && (text_[at] == ' ' || text_[at] == '\t')) at++;
    if (at < end && (text_[at] == '<' || text_[at] == '"')) {
        size_t closed = text_.find(text_[at] == '<' ? '>' : '"', at + 1);
        if (closed < end) at = closed + 1;
    }
    for (; at + 1 < end; at++) {
        if (text_[at] == '"') {
            size_t closed = text_.find('"', at + 1);
            if (closed < end) at = closed;
        }
        if (text_[at] == '/' && (text_[at + 1] == '/' || text_[at + 1] == '*')) return at;
    }
    return end;
}

size_t CLexer::comment_end() const {
    if (peek(1) == '*') {
        size_t end = text_.find("*/", at_ + 2);
        return end == kNone ? text_.size() : end + 2;
    }
    size_t at = at_ + 2;
    while (at < text_.size() && text_[at] != '\n') {
        size_t spliced = splice(text_, at);
        at += spliced ? spliced : 1;
    }
    return at;
}

// The end of the string whose quote stands at `quote`, or 0 if its line has no other.
size_t CLexer::string_end(size_t quote) {
    char mark = text_[quote];
    size_t &unclosed = unclosed_[mark == '\''];
    if (quote < unclosed) return 0;
    size_t at = quote + 1;
    while (at < text_.size() && text_[at] != mark && text_[at] != '\n') {
        size_t spliced = splice(text_, at);
        at += spliced ? spliced : text_[at] == '\\' ? 2 : 1;
    }
    if (at < text_.size() && text_[at] == mark) return at + 1;
    unclosed = std::min(at, text_.size());
    return 0;
}

size_t CLexer::raw_end(size_t quote) {
    size_t open = quote + 1;
    while (open < text_.size() && open - quote <= kDelimiter && !is(text_[open], blank) &&
           std::string_view("()\\\n").find(text_[open]) == kNone) {
        open++;
    }
    if (open >= text_.size() || text_[open] != '(' || failed_raw_ >= kRawTries) return 0;
    std::string close = ")" + std::string(text_.substr(quote + 1, open - quote - 1)) + "\"";
    size_t end = text_.find(close, open + 1);
    if (end == kNone) failed_raw_++;
    return end == kNone ? 0 : end + close.size();
}

// The end of a string with or without a prefix at the present place, or 0.
size_t CLexer::prefixed_string_end() {
    size_t at = at_;
    if (peek() == 'u' && peek(1) == '8') at += 2;
    else if (peek() == 'u' || peek() == 'U' || peek() == 'L') at += 1;
    if (at < text_.size() && text_[at] == 'R' && at + 1 < text_.size() && text_[at + 1] == '"') return raw_end(at + 1);
    if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'')) return string_end(at);
    return 0;
}

size_t CLexer::number_end() const {
    size_t at = at_ + 1;
    while (at < text_.size()) {
        char byte = text_[at];
        bool more = at + 1 < text_.size();
        if ((byte == 'e' || byte == 'E' || byte == 'p' || byte == 'P') && more && (text_[at + 1] == '+' || text_[at + 1] == '-')) {
            at += 2;
        } else if (byte == '.' || (is(byte, letter | digit) && byte != '$' && static_cast<uint8_t>(byte) < 0x80)) {
            at++;
        } else if (byte == '\'' && more && is(text_[at + 1], letter | digit) && static_cast<uint8_t>(text_[at + 1]) < 0x80) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

size_t CLexer::word_end() const {
    size_t at = at_;
    while (at < text_.size() && is(text_[at], letter | digit)) at++;
    return at;
}

size_t CLexer::space_end() const {
    size_t at = at_;
    while (at < text_.size()) {
        if (is(text_[at], blank)) {
            at++;
        } else if (size_t spliced = splice(text_, at)) {
            at += spliced;
        } else {
            break;
        }
    }
    return at;
}

size_t CLexer::operator_end() const {
    char a = peek(), b = peek(1), c = peek(2);
    if ((a == '<' || a == '>') && b == a && (c == a || c == '=')) return at_ + 3;
    if (a == '.' && b == '.' && c == '.') return at_ + 3;
    if (b == '=' && std::string_view("-+*/%&|^=!<>").find(a) != kNone) return at_ + 2;
    if (a == '-' && b == '>') return at_ + 2;
    if (a == b && a != '\0' && std::string_view("+-&|<>:#").find(a) != kNone) return at_ + 2;
    return at_ + 1;
}

Kind CLexer::cut(size_t &end) {
    char first = text_[at_];
    if (line_start() && (first == '#' || first == ' ' || first == '\t') && (end = include_end())) return Kind::include;
    if (first == '/' && (peek(1) == '/' || peek(1) == '*')) return end = comment_end(), Kind::comment;
    bool may_be_string = first == '"' || first == '\'' || first == 'u' || first == 'U' || first == 'L' || first == 'R';
    if (may_be_string && (end = prefixed_string_end())) return Kind::string;
    if (is(first, digit) || (first == '.' && is(peek(1), digit))) return end = number_end(), Kind::number;
    if (at_ == 0 && text_.substr(0, 3) == "\xEF\xBB\xBF") return end = 3, Kind::space;
    if (is(first, letter)) return end = word_end(), Kind::word;
    if (first == '\n') return end = at_ + 1, Kind::newline;
    if ((end = space_end()) > at_) return Kind::space;
    return end = operator_end(), Kind::other;
}

bool CLexer::next(Token &token) {
    if (at_ >= text_.size()) return false;
    size_t end = 0;
    token.kind = cut(end);
    end = std::min(end, text_.size());
    token.begin = uint32_t(at_);
    token.end = uint32_t(end);
    at_ = end;
    return true;
}

std::vector<Token> lex_c(std::string_view source) {
    std::vector<Token> tokens;
    CLexer lexer(source);
    Token token;
    while (lexer.next(token)) tokens.push_back(token);
    return tokens;
}

}  // namespace hpcraft
