// The lexer of C, C++ and CUDA, pulled token by token.
#pragma once

#include "analysis.h"

namespace hpcraft {

// Any byte belongs to a token; the tokens joined are the text. Bytes from 0x80 on and `$` are letters.
class CLexer {
public:
    explicit CLexer(std::string_view text, size_t begin = 0) : text_(text), at_(begin) {}

    // False at the end of the text.
    bool next(Token &token);

private:
    char peek(size_t offset = 0) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }
    bool line_start() const { return at_ == 0 || text_[at_ - 1] == '\n'; }
    size_t include_end() const;
    size_t header_end(size_t at) const;
    size_t comment_end() const;
    size_t string_end(size_t quote);
    size_t raw_end(size_t quote);
    size_t prefixed_string_end();
    size_t number_end() const;
    size_t word_end() const;
    size_t space_end() const;
    size_t operator_end() const;
    Kind cut(size_t &end);

    std::string_view text_;
    size_t at_;
    size_t unclosed_[2] = {0, 0};  // up to where a double or single quote is known to have no partner
    int failed_raw_ = 0;
};

}  // namespace hpcraft
