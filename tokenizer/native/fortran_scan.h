// Cuts Fortran of both forms into lexemes, pulled one by one, and says which of them belong to which statement.
//
// A lexeme is *code*, part of a directive (after `!$omp` or `!$acc`) or of a preprocessor line; trivia (blanks, comments, marks of
// continuation, sentinels) take part in no statement. `starts` marks the first lexeme of a statement, so that a statement ends where
// the next one of its part starts. Columns are counted as gfortran counts them: a tab in the first six moves to column 7, others
// are one column, and carriage returns and NULs are none.
#pragma once

#include "analysis.h"

namespace hpcraft::fortran {

enum class Part : uint8_t { code, directive, cpp };

struct Lexeme {
    uint32_t begin = 0;
    uint32_t end = 0;
    Kind kind = Kind::other;
    Part part = Part::code;
    bool trivia = false;
    bool starts = false;
    bool cut = false;   // a word that goes on in the next word, over the end of its line
    bool tail = false;  // such a next word
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool in_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\0'; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }

class Scanner {
  public:
    Scanner(std::string_view text, Form form);

    // False at the end of the text.
    bool next(Lexeme &lexeme);

    // The last column of statements: 72 or 132; 0 where there is none.
    uint32_t width() const { return width_; }
    bool fixed() const { return fixed_; }

  private:
    // What a line of fixed form is, and where its statement field begins.
    enum class Line : uint8_t { comment, cpp, initial, continued, directive, directive_continued };
    struct Head {
        Line line;
        bool conditional;  // begins with !$
        uint32_t mark;     // offset of the mark of continuation
        uint32_t body;     // offset of column 7
        uint32_t limit;    // offset behind the last column, or the line's end
    };
    Head head_at(uint32_t begin) const;
    void field_of(uint32_t begin, uint32_t end, Head &head) const;
    Line commented_line(uint32_t begin, uint32_t end, Head &head) const;
    uint32_t line_end(uint32_t at) const;
    bool next_continues(uint32_t line_end, Head &head) const;

    bool begin_fixed(Lexeme &lexeme);
    bool begin_free(Lexeme &lexeme);
    bool begin_cpp(Lexeme &lexeme);
    void comment(Lexeme &lexeme);
    void blanks(Lexeme &lexeme);
    bool word_goes_on() const;
    void lex_body(Lexeme &lexeme);
    void lex_cpp(Lexeme &lexeme);
    void lex_word(Lexeme &lexeme);
    bool lex_ampersand(Lexeme &lexeme);
    uint32_t number_end(uint32_t at) const;
    uint32_t string_end(uint32_t at);
    uint32_t free_string_end(uint32_t at);
    uint32_t fixed_string_end(uint32_t at);
    uint32_t hollerith_end(uint32_t at);
    uint32_t sentinel_end(uint32_t at, bool &directive) const;
    uint32_t operator_end(uint32_t at) const;
    uint32_t spaced_operator_end(uint32_t at, uint32_t stop) const;
    uint32_t spaced_exponent_end(uint32_t at) const;
    void set(Lexeme &lexeme, uint32_t end, Kind kind, bool trivia = false);
    char at(uint32_t i) const { return i < text_.size() ? text_[i] : '\n'; }
    bool boz_at(uint32_t i) const;

    std::string_view text_;
    bool fixed_;
    uint32_t width_;
    uint32_t at_ = 0;
    uint32_t limit_ = 0;       // end of the line's statement field
    uint32_t body_ = 0;        // fixed form: begin of the line's statement field
    uint32_t label_end_ = 0;   // fixed form: offset of column 6, where a label ends
    uint32_t mark_ = 0;        // fixed form: offset of the mark of continuation, if any
    bool line_begins_ = true;
    bool starts_ = true;             // the next code is a new statement
    bool code_goes_on_ = false;      // free form: the code's last line ended in &
    bool directive_goes_on_ = false;
    bool after_number_ = false;      // the last lexeme is a number, and no label
    bool after_sentinel_ = false;    // nothing but a sentinel stands before on this line
    bool tail_ = false;              // the next word goes on the last one
    bool sized_ = false;             // after `REAL*` and the like, where 8H is no Hollerith constant
    Part part_ = Part::code;
};

}  // namespace hpcraft::fortran
