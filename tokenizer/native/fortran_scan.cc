// The lines and statements of Fortran: which part a line belongs to, what continues what. Tokens are cut in fortran_tokens.cc.
#include "fortran_scan.h"

#include <cstring>

namespace hpcraft::fortran {

namespace {

constexpr uint32_t kNone = 0xffffffff;

bool same_letters(std::string_view text, std::string_view low) {
    if (text.size() != low.size()) return false;
    for (size_t i = 0; i < low.size(); i++)
        if (lower(text[i]) != low[i]) return false;
    return true;
}

}  // namespace

Scanner::Scanner(std::string_view text, Form form)
    : text_(text), fixed_(form != Form::free_form), width_(form == Form::fixed_form ? 72 : 132), mark_(kNone) {}

uint32_t Scanner::line_end(uint32_t from) const {
    if (from >= text_.size()) return uint32_t(text_.size());
    const void *found = std::memchr(text_.data() + from, '\n', text_.size() - from);
    return found ? uint32_t(static_cast<const char *>(found) - text_.data()) : uint32_t(text_.size());
}

// Where the fields of a line of fixed form are.
void Scanner::field_of(uint32_t begin, uint32_t end, Head &head) const {
    uint32_t i = begin, column = 0;
    while (i < end && column < 6 && text_[i] != '\t') {
        if (column == 5) head.mark = i;
        i++, column++;
    }
    if (column < 6 && i < end) {  // a tab, which a digit may follow: "<tab>1" marks a continuation line
        bool marks = i + 1 < end && text_[i + 1] >= '1' && text_[i + 1] <= '9';
        head.mark = marks ? ++i : i;
        i++;
    }
    head.body = i;
    head.limit = end - i > width_ - 6 ? i + width_ - 6 : end;
    while (head.limit < end && (static_cast<unsigned char>(text_[head.limit]) & 0xC0) == 0x80) head.limit++;
    if (head.limit > begin && head.limit == end && text_[end - 1] == '\r') head.limit--;
}

// A line with one of C c * ! in column 1: mostly a comment.
Scanner::Line Scanner::commented_line(uint32_t begin, uint32_t end, Head &head) const {
    if (end - begin < 3 || text_[begin + 1] != '$') return Line::comment;
    auto name = text_.substr(begin + 2, end - begin > 5 ? 3 : 0);
    if (same_letters(name, "omp") || same_letters(name, "acc")) {
        char mark = begin + 5 < end ? text_[begin + 5] : ' ';
        head.mark = begin + 5;
        // A letter right behind the sentinel is no mark but sloppy spacing, as in `c$ompparallel`.
        if (is_letter(mark)) head.body = begin + 5;
        return is_blank(mark) || mark == '0' || mark == '\r' || is_letter(mark) ? Line::directive : Line::directive_continued;
    }
    if (text_[begin + 2] == '\t') return head.conditional = true, text_[head.mark] == '\t' ? Line::initial : Line::continued;
    bool label = false;
    for (uint32_t i = begin + 2; i < begin + 5 && i < end; i++) {
        if (text_[i] != ' ' && !is_digit(text_[i])) return Line::comment;
        label |= text_[i] != ' ';
    }
    if (end - begin < 6) return Line::comment;
    head.conditional = true;
    return label || text_[begin + 5] == ' ' || text_[begin + 5] == '0' ? Line::initial : Line::continued;
}

Scanner::Head Scanner::head_at(uint32_t begin) const {
    uint32_t end = line_end(begin);
    Head head{Line::comment, false, end, end, end};
    if (begin == end) return head;
    char first = text_[begin];
    if (first == '#') return head.line = Line::cpp, head;
    if (first == 'd' || first == 'D') return head;
    field_of(begin, end, head);
    if (first == 'c' || first == 'C' || first == '*' || first == '!') return head.line = commented_line(begin, end, head), head;
    if (first == '&') return head.line = Line::continued, head.mark = begin, head;
    uint32_t i = begin;
    while (i < end && (is_blank(text_[i]) || text_[i] == '\r')) i++;
    if (i == end || (text_[i] == '!' && i != head.mark)) return head;
    bool marked = i == head.mark && text_[i] != '0';
    head.line = marked ? Line::continued : Line::initial;
    return head;
}

// Whether the statement whose line ends at `end` goes on, and in which line: comments may stand between.
bool Scanner::next_continues(uint32_t end, Head &head) const {
    while (end + 1 < text_.size()) {
        head = head_at(end + 1);
        if (head.line != Line::comment) return head.line == Line::continued;
        end = line_end(end + 1);
    }
    return false;
}

void Scanner::set(Lexeme &lexeme, uint32_t end, Kind kind, bool trivia) {
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) end++;  // never inside a character
    lexeme = Lexeme{at_, end, kind, part_, trivia, false, false, false};
    if (!trivia) {
        lexeme.starts = starts_;
        starts_ = after_sentinel_ = false;
    }
    at_ = end;
}

void Scanner::comment(Lexeme &lexeme) {
    uint32_t end = line_end(at_);
    if (end > at_ + 1 && text_[end - 1] == '\r') end--;
    set(lexeme, end, Kind::comment, true);
}

void Scanner::blanks(Lexeme &lexeme) {
    uint32_t stop = uint32_t(text_.size());
    if (fixed_ && at_ < limit_) stop = at_ < mark_ && mark_ < limit_ ? mark_ : limit_;
    uint32_t end = at_;
    while (end < stop && (is_blank(text_[end]) || text_[end] == '\r')) end++;
    set(lexeme, end, Kind::space, true);
}

bool Scanner::begin_cpp(Lexeme &lexeme) {
    part_ = Part::cpp;
    starts_ = true;
    limit_ = uint32_t(text_.size());
    line_begins_ = false;
    uint32_t i = at_ + 1;
    while (i < text_.size() && is_blank(text_[i])) i++;
    if (text_.substr(i, 7) != "include" || in_word(at(i + 7))) return false;
    uint32_t end = line_end(i);
    set(lexeme, text_[end - 1] == '\r' ? end - 1 : end, Kind::include);
    return true;
}

// The head of a line of fixed form; true when that gave a lexeme.
bool Scanner::begin_fixed(Lexeme &lexeme) {
    Head head = head_at(at_);
    if (head.line == Line::cpp) return begin_cpp(lexeme);
    line_begins_ = false;
    limit_ = head.limit;
    body_ = head.body;
    mark_ = kNone;
    label_end_ = 0;
    part_ = Part::code;
    if (head.line == Line::comment) {
        limit_ = uint32_t(text_.size());
        uint32_t end = line_end(at_), i = at_;
        while (i < end && (is_blank(text_[i]) || text_[i] == '\r')) i++;
        if (i == end) return false;
        return comment(lexeme), true;
    }
    bool directive = head.line == Line::directive || head.line == Line::directive_continued;
    bool continued = head.line == Line::continued || head.line == Line::directive_continued;
    if (directive) part_ = Part::directive;
    if (continued || at(head.mark) == '0') mark_ = head.mark;
    if (!continued) tail_ = false;
    label_end_ = head.mark;
    starts_ = !continued;
    if (!directive && !head.conditional) return false;
    set(lexeme, at_ + (directive ? 5 : 2), Kind::other, true);
    return true;
}

uint32_t Scanner::sentinel_end(uint32_t from, bool &directive) const {
    if (at(from + 1) != '$') return from;
    auto name = text_.substr(from + 2, 3);
    directive = same_letters(name, "omp") || same_letters(name, "acc");
    char next = at(from + (directive ? 5 : 2));
    if (is_blank(next) || next == '&' || next == '\n' || next == '\r') return from + (directive ? 5 : 2);
    return from;
}

// The begin of a line of free form.
bool Scanner::begin_free(Lexeme &lexeme) {
    char first = text_[at_];
    if (first == '#' && (at_ == 0 || text_[at_ - 1] == '\n')) return begin_cpp(lexeme);
    part_ = Part::code;
    if (is_blank(first) || first == '\r' || first == '\n') return false;
    line_begins_ = false;
    bool directive = false;
    uint32_t end = first == '!' ? sentinel_end(at_, directive) : at_;
    if (first == '!' && end == at_) return comment(lexeme), true;
    bool &goes_on = directive ? directive_goes_on_ : code_goes_on_;
    if (directive) part_ = Part::directive;
    starts_ = !goes_on;
    after_sentinel_ = first == '!';
    if (first == '!') {
        set(lexeme, end, Kind::other, true);
    } else if (first == '&' && goes_on) {
        set(lexeme, at_ + 1, Kind::other, true);
    }
    if (starts_) tail_ = false;
    goes_on = false;
    return lexeme.end == at_ && lexeme.begin != at_;
}

bool Scanner::next(Lexeme &lexeme) {
    if (at_ >= text_.size()) return false;
    lexeme = Lexeme{at_, at_, Kind::other, part_, false, false, false, false};
    if (line_begins_ && (fixed_ ? begin_fixed(lexeme) : begin_free(lexeme))) return true;
    char c = text_[at_];
    if (c == '\n') {
        set(lexeme, at_ + 1, Kind::newline, true);
        line_begins_ = true;
    } else if (part_ == Part::cpp) {
        lex_cpp(lexeme);
    } else if (fixed_ && at_ == mark_) {
        set(lexeme, at_ + 1, Kind::other, true);
    } else if (fixed_ && at_ >= limit_) {
        blanks(lexeme);
        if (lexeme.begin == lexeme.end || (at_ < text_.size() && text_[at_] != '\n')) at_ = lexeme.begin, comment(lexeme);
    } else if (is_blank(c) || c == '\r') {
        blanks(lexeme);
    } else if (c == '!') {
        comment(lexeme);
    } else {
        lex_body(lexeme);
    }
    return true;
}

}  // namespace hpcraft::fortran
