// The tokens of Fortran inside a line: words, numbers, strings (also over several lines), operators.
#include <algorithm>

#include "fortran_scan.h"

namespace hpcraft::fortran {

namespace {

bool is_quote(char c) { return c == '\'' || c == '"'; }

bool equals(std::string_view word, std::string_view low) {
    return word.size() == low.size() && std::equal(word.begin(), word.end(), low.begin(), [](char a, char b) { return lower(a) == b; });
}

bool is_sized_type(std::string_view word) {
    return equals(word, "real") || equals(word, "integer") || equals(word, "complex") || equals(word, "logical") ||
           equals(word, "character");
}

}  // namespace

void Scanner::lex_body(Lexeme &lexeme) {
    char c = text_[at_], following = at(at_ + 1);
    bool sized = sized_, after_number = after_number_;
    sized_ = after_number_ = false;
    if (c == '&' && !fixed_ && lex_ampersand(lexeme)) return;
    if (boz_at(at_)) {
        uint32_t end = at_ + 2;
        while (end < text_.size() && text_[end] != following && text_[end] != '\n') end++;
        set(lexeme, end + (at(end) == following), Kind::number);
    } else if (uint32_t end = fixed_ && after_number ? spaced_exponent_end(at_) : at_; end > at_) {
        set(lexeme, end, Kind::number);
    } else if (is_letter(c) || c == '_') {
        lex_word(lexeme);
    } else if (is_digit(c) || (c == '.' && is_digit(following))) {
        uint32_t end = sized ? at_ : hollerith_end(at_);
        if (end > at_) set(lexeme, end, Kind::string);
        else after_number_ = at_ >= label_end_ && !sized, set(lexeme, number_end(at_), Kind::number);
    } else if (is_quote(c)) {
        set(lexeme, string_end(at_), Kind::string);
    } else {
        set(lexeme, operator_end(at_), Kind::other, c == ';' && part_ == Part::code);
        if (c == ';' && part_ == Part::code) starts_ = true;
        sized_ = sized && c == '*';
    }
}

// The ampersand at the end of a line that goes on, or at the begin of the next.
bool Scanner::lex_ampersand(Lexeme &lexeme) {
    uint32_t i = at_ + 1;
    while (i < text_.size() && (is_blank(text_[i]) || text_[i] == '\r')) i++;
    bool trailing = at(i) == '\n' || at(i) == '!';
    if (trailing) {
        (part_ == Part::directive ? directive_goes_on_ : code_goes_on_) = true;
    } else if (!after_sentinel_) {
        return false;
    }
    set(lexeme, at_ + 1, Kind::other, true);
    return true;
}

bool Scanner::boz_at(uint32_t i) const {
    char c = lower(at(i));
    if ((c != 'b' && c != 'o' && c != 'z' && c != 'x') || !is_quote(at(i + 1))) return false;
    uint32_t end = fixed_ ? std::min<uint32_t>(limit_, uint32_t(text_.size())) : uint32_t(text_.size());
    for (uint32_t k = i + 2; k < end && text_[k] != '\n'; k++)
        if (text_[k] == text_[i + 1]) return true;
        else if (!in_word(text_[k]) && !is_blank(text_[k])) return false;
    return false;
}

void Scanner::lex_word(Lexeme &lexeme) {
    uint32_t end = at_, stop = fixed_ ? std::min<uint32_t>(limit_, uint32_t(text_.size())) : uint32_t(text_.size());
    while (end < stop && in_word(text_[end])) end++;
    // The kind of a literal is a name of its own: ck_'abc', .true._lk
    bool after_dot = at_ > 0 && text_[at_ - 1] == '.';
    if (text_[at_] == '_' && (after_dot || end == at_ + 1)) return set(lexeme, at_ + 1, Kind::other);
    if (end < stop && is_quote(text_[end]) && text_[end - 1] == '_' && end > at_ + 1) end--;
    auto word = text_.substr(at_, end - at_);
    if (starts_ && part_ == Part::code && equals(word, "include")) {
        uint32_t i = end;
        while (i < stop && is_blank(text_[i])) i++;
        uint32_t close = line_end(i);
        if (i < stop && is_quote(text_[i])) return set(lexeme, text_[close - 1] == '\r' ? close - 1 : close, Kind::include);
    }
    bool tail = tail_ && !starts_;
    set(lexeme, end, Kind::word);
    lexeme.tail = tail;
    tail_ = lexeme.cut = word_goes_on();
    sized_ = is_sized_type(word);
}

// Whether the word that ends here goes on in the next line.
bool Scanner::word_goes_on() const {
    if (part_ != Part::code) return false;
    if (fixed_) {
        Head head;
        bool full = at_ == limit_ && limit_ - body_ == width_ - 6;
        return full && next_continues(line_end(at_), head) && head.body < text_.size() && in_word(text_[head.body]);
    }
    if (at(at_) != '&') return false;
    uint32_t i = at_ + 1;
    while (i < text_.size() && (is_blank(text_[i]) || text_[i] == '\r' || text_[i] == '\n' || text_[i] == '!')) {
        if (text_[i] == '!') i = line_end(i);
        else i++;
    }
    return at(i) == '&' && in_word(at(i + 1));
}

uint32_t Scanner::number_end(uint32_t from) const {
    uint32_t stop = uint32_t(text_.size());
    if (fixed_) stop = std::min(stop, from < label_end_ ? label_end_ : limit_);
    auto c = [&](uint32_t i) { return i < stop ? text_[i] : '\n'; };
    uint32_t i = from;
    while (is_digit(c(i))) i++;
    if (c(i) == '.') {  // not the dot of an operator, as in 1.eq.n
        uint32_t k = i + 1;
        while (is_letter(c(k))) k++;
        if (k == i + 1 || c(k) != '.') {
            i++;
            while (is_digit(c(i))) i++;
        }
    }
    char e = lower(c(i));
    if (e == 'e' || e == 'd' || e == 'q') {
        uint32_t k = i + 1;
        if (c(k) == '+' || c(k) == '-') k++;
        if (is_digit(c(k)))
            for (i = k; is_digit(c(i));) i++;
    }
    if (c(i) == '_' && is_digit(c(i + 1)))
        for (i++; is_digit(c(i));) i++;
    else if (c(i) == '_' && is_letter(c(i + 1)))
        i++;  // the kind that follows is a name
    return i;
}

uint32_t Scanner::string_end(uint32_t from) { return fixed_ ? fixed_string_end(from) : free_string_end(from); }

uint32_t Scanner::free_string_end(uint32_t from) {
    char quote = text_[from];
    uint32_t i = from + 1, last = from;  // the last that is not blank
    while (i < text_.size()) {
        char c = text_[i];
        if (c == quote && at(i + 1) != quote) return i + 1;
        if (c == quote) i++;
        if (c == '\n') {
            uint32_t k = i + 1;
            while (k < text_.size() && (is_blank(text_[k]) || text_[k] == '\r' || text_[k] == '\n')) k++;
            if (last == from || text_[last] != '&' || at(k) != '&') break;
            i = last = k;
        } else if (!is_blank(c) && c != '\r') {
            last = i;
        }
        i++;
    }
    uint32_t end = line_end(from);
    return end > from + 1 && text_[end - 1] == '\r' ? end - 1 : end;
}

// A string of fixed form takes every column up to the last, and goes on in column 7 of the next line.
uint32_t Scanner::fixed_string_end(uint32_t from) {
    char quote = text_[from];
    uint32_t i = from + 1, limit = limit_, body = body_;
    for (;;) {
        for (; i < limit; i++) {
            if (text_[i] != quote) continue;
            if (i + 1 < limit && text_[i + 1] == quote) i++;
            else return limit_ = limit, body_ = body, i + 1;
        }
        Head head;
        if (!next_continues(line_end(limit), head)) return limit_;
        i = body = head.body;
        limit = head.limit;
    }
}

// Behind a Hollerith constant, or `from`.
uint32_t Scanner::hollerith_end(uint32_t from) {
    uint32_t i = from;
    uint64_t count = 0;
    while (i < from + 4 && is_digit(at(i))) count = count * 10 + uint64_t(text_[i++] - '0');
    if (i == from || count == 0 || lower(at(i)) != 'h' || (fixed_ && (from < label_end_ || i >= limit_))) return from;
    i++;
    uint32_t limit = fixed_ ? limit_ : line_end(i);
    if (i + count <= limit) return i + uint32_t(count);
    if (!fixed_ || limit - i < 1) return from;
    for (;;) {
        Head head;
        if (!next_continues(line_end(limit), head)) return limit_;
        // Columns between the line's end and the last column count as blanks; how many, matters for odd texts alone.
        count -= std::min<uint64_t>(count, limit - i);
        i = head.body;
        limit = head.limit;
        if (i + count <= limit) return limit_ = limit, body_ = head.body, i + uint32_t(count);
    }
}

// An operator with blanks inside, as in `. AND .`; or the dot alone.
uint32_t Scanner::spaced_operator_end(uint32_t from, uint32_t stop) const {
    static constexpr std::string_view kLogical[] = {"eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "eqv", "neqv", "true", "false"};
    char letters[6];
    uint32_t count = 0, i = from + 1;
    for (; i < stop && (is_blank(text_[i]) || (is_letter(text_[i]) && count < 6)); i++)
        if (is_letter(text_[i])) letters[count++] = lower(text_[i]);
    if (i >= stop || text_[i] != '.') return from + 1;
    for (auto word : kLogical)
        if (word == std::string_view(letters, count)) return i + 1;
    return from + 1;
}

// The end of an exponent that blanks part from its number, as in `0.5 D 0`; or `from`.
uint32_t Scanner::spaced_exponent_end(uint32_t from) const {
    char letter = lower(text_[from]);
    if (letter != 'd' && letter != 'e') return from;
    uint32_t i = from + 1, stop = std::min<uint32_t>(limit_, uint32_t(text_.size()));
    auto blanks = [&] { while (i < stop && is_blank(text_[i])) i++; };
    blanks();
    if (i < stop && (text_[i] == '+' || text_[i] == '-')) i++, blanks();
    uint32_t digits = i;
    while (i < stop && is_digit(text_[i])) i++;
    uint32_t end = i;
    blanks();
    bool name = i < stop && (text_[i] == '=' || text_[i] == '(' || text_[i] == '%' || in_word(text_[i]));
    return i == digits || end == digits || name ? from : end;
}

uint32_t Scanner::operator_end(uint32_t from) const {
    char c = text_[from];
    uint32_t stop = fixed_ ? limit_ : uint32_t(text_.size());
    if (static_cast<unsigned char>(c) >= 0x80) {
        uint32_t end = from + 1;
        while (end < stop && static_cast<unsigned char>(text_[end]) >= 0x80) end++;
        return end;
    }
    if (c == '.') {  // .and., .true., .myop.
        uint32_t end = from + 1;
        while (end < stop && is_letter(text_[end])) end++;
        if (end > from + 1 && end < stop && text_[end] == '.') return end + 1;
        return spaced_operator_end(from, stop);
    }
    static constexpr std::string_view kOperators[] = {"<<<", ">>>", "**", "//", "::", "=>", "==", "/=", "<=", ">=", "(/", "/)"};
    for (auto op : kOperators)
        if (from + op.size() <= stop && text_.compare(from, op.size(), op) == 0) return from + uint32_t(op.size());
    return from + 1;
}

void Scanner::lex_cpp(Lexeme &lexeme) {
    char c = text_[at_], following = at(at_ + 1);
    uint32_t end = at_ + 1, stop = line_end(at_);
    if (c == '\\' && (following == '\n' || (following == '\r' && at(at_ + 2) == '\n'))) {
        set(lexeme, at_ + (following == '\n' ? 2 : 3), Kind::space, true);
    } else if (is_blank(c) || c == '\r') {
        while (end < stop && (is_blank(text_[end]) || text_[end] == '\r')) end++;
        set(lexeme, end, Kind::space, true);
    } else if (is_letter(c) || c == '_') {
        while (end < stop && in_word(text_[end])) end++;
        set(lexeme, end, Kind::word);
    } else if (is_digit(c)) {
        while (end < stop && (in_word(text_[end]) || text_[end] == '.')) end++;
        set(lexeme, end, Kind::number);
    } else if (c == '/' && following == '*') {
        auto close = text_.substr(0, stop).find("*/", at_ + 2);
        set(lexeme, close == std::string_view::npos ? stop : uint32_t(close + 2), Kind::comment, true);
    } else if (is_quote(c)) {
        auto close = text_.substr(0, stop).find(c, at_ + 1);
        bool open = close == std::string_view::npos;
        set(lexeme, open ? end : uint32_t(close + 1), open ? Kind::other : Kind::string);
    } else {
        end = at_ + uint32_t(text_.compare(at_, 2, "##") == 0 ? 2 : static_cast<unsigned char>(c) >= 0x80 ? operator_end(at_) - at_ : 1);
        set(lexeme, end, Kind::other);
    }
}

}  // namespace hpcraft::fortran
