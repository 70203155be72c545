// Puts names into Fortran text. A line that gets longer than a statement's field is broken at a token; a line that gets shorter is filled
// up where something has to stay in its columns: text beyond the last column, a string that goes on in the next line.
//
// What is put in is blanks and marks of continuation only, each noted as a patch, so that restoring takes it out again.
#include "fortran_columns.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "fortran_scan.h"

namespace hpcraft {

namespace {

using fortran::Lexeme;
using fortran::Part;
using fortran::Scanner;

struct Piece {
    Lexeme lexeme;
    std::string_view text;  // what is written
};

class Columns {
  public:
    Columns(std::string_view source, Form form, const Place *places, size_t count, const std::vector<std::string_view> &replacements)
        : source_(source), scanner_(source, form), place_(places), last_(places + count), replacements_(replacements),
          first_(replacements.size()) {}

    Substituted run() {
        out_.text.reserve(source_.size() + source_.size() / 16);
        for (Lexeme lexeme; scanner_.next(lexeme);) {
            pieces_.push_back({lexeme, text_of(lexeme)});
            bool newline = lexeme.kind == Kind::newline;
            // A token over several lines keeps its column, and a new line begins in its last.
            bool over = !newline && lexeme.part != Part::cpp && std::string_view(pieces_.back().text).find('\n') != std::string_view::npos;
            if (newline || over) flush(over);
        }
        flush(false);
        return std::move(out_);
    }

  private:
    std::string_view text_of(const Lexeme &lexeme);
    void flush(bool over);
    uint32_t columns_to(uint32_t offset) const;
    bool fits(bool over) const;
    void lay_out(bool over);
    void insert(const std::string &text);
    std::string line_break(const Piece &next) const;
    size_t find_break(size_t from, uint32_t column, uint32_t limit) const;
    bool may_break(size_t i) const;
    bool is_code(const Piece &piece) const {
        return !piece.lexeme.trivia || (piece.lexeme.kind == Kind::other && !scanner_.fixed());
    }

    std::string_view source_;
    Scanner scanner_;
    const Place *place_, *last_;
    const std::vector<std::string_view> &replacements_;
    std::vector<std::string_view> first_;  // of each symbol, its spelling at its first place
    std::vector<Piece> pieces_;            // of the line
    uint32_t renamed_ = 0;
    Substituted out_;
};

std::string_view Columns::text_of(const Lexeme &lexeme) {
    auto text = source_.substr(lexeme.begin, lexeme.end - lexeme.begin);
    while (place_ < last_ && place_->begin < lexeme.begin) place_++;
    if (place_ == last_ || place_->begin != lexeme.begin || place_->length != text.size() || lexeme.kind != Kind::word) return text;
    auto replacement = replacements_.at(place_->symbol);
    if (replacement.empty()) return text;
    auto &first = first_[place_->symbol];
    if (first.empty()) first = text;
    if (first != text) out_.variants.push_back({renamed_, text});
    renamed_++;
    return replacement;
}

// The column (from 0) of an offset in its line.
uint32_t Columns::columns_to(uint32_t offset) const {
    uint32_t begin = offset;
    while (begin > 0 && source_[begin - 1] != '\n') begin--;
    if (!scanner_.fixed()) return offset - begin;
    uint32_t column = 0;
    for (uint32_t i = begin; i < offset; i++) {
        if (source_[i] != '\t' || column >= 6) {
            column++;
        } else {
            bool mark = i + 1 < offset && source_[i + 1] >= '1' && source_[i + 1] <= '9';
            column = 6;
            i += mark;
        }
    }
    return column;
}

// Whether the line needs no care, by a look at its lengths.
bool Columns::fits(bool over) const {
    if (pieces_[0].lexeme.part == Part::cpp) return true;
    int64_t delta = 0;
    bool changed = false;
    for (const Piece &piece : pieces_) {
        delta += int64_t(piece.text.size()) - int64_t(piece.lexeme.end - piece.lexeme.begin);
        changed |= piece.text.data() != source_.data() + piece.lexeme.begin;
    }
    if (!changed) return true;
    if (over) return false;
    uint32_t begin = pieces_[0].lexeme.begin, end = pieces_.back().lexeme.end;
    if (begin > 0 && source_[begin - 1] != '\n') return false;
    return end - begin + 6 + uint64_t(delta > 0 ? delta : 0) <= scanner_.width();
}

void Columns::flush(bool over) {
    if (pieces_.empty()) return;
    if (fits(over)) {
        for (const Piece &piece : pieces_) out_.text += piece.text;
    } else {
        lay_out(over);
    }
    pieces_.clear();
}

void Columns::insert(const std::string &text) {
    out_.patches.push_back({uint32_t(out_.text.size()), uint32_t(text.size()), ""});
    out_.text += text;
}

// A line may end where no token is cut, and where nobody takes two for one.
bool Columns::may_break(size_t i) const {
    if (i == 0 || pieces_[i].lexeme.trivia || pieces_[i].text.empty()) return false;
    static constexpr std::string_view kBehind = " \t,)=+-*/<>:;]";
    char before = pieces_[i - 1].text.back(), next = pieces_[i].text[0];
    bool in_head = pieces_[i - 1].lexeme.trivia && pieces_[i - 1].lexeme.kind == Kind::other;
    if (pieces_[i].lexeme.starts || in_head || next == '&' || next == '!') return false;
    auto named_operator = [&](size_t k) {
        const auto &piece = pieces_[k];
        return piece.lexeme.kind == Kind::other && piece.text.size() > 2 && piece.text[0] == '.';
    };
    return kBehind.find(before) != std::string_view::npos || named_operator(i) || named_operator(i - 1);
}

std::string Columns::line_break(const Piece &next) const {
    uint32_t begin = pieces_[0].lexeme.begin, end = begin;
    auto first = source_.find_first_not_of(" \t", begin);
    bool conditional = next.lexeme.part == Part::code && first != std::string_view::npos && first + 1 < source_.size() &&
                       source_[first + 1] == '$' && source_.compare(first, 1, "\n") != 0 && pieces_[0].lexeme.part == Part::code &&
                       (source_[first] == '!' || (scanner_.fixed() && first == begin));
    while (end < source_.size() && source_[end] != '\n') end++;
    std::string newline = end > begin && source_[end - 1] == '\r' ? "\r\n" : "\n";
    std::string sentinel(next.lexeme.part == Part::directive ? source_.substr(first, 5) : conditional ? source_.substr(first, 2) : "");
    if (!scanner_.fixed()) return "&" + newline + (sentinel.empty() ? "      " : sentinel + "& ");
    sentinel.resize(5, ' ');
    bool apart = next.lexeme.kind == Kind::word || next.lexeme.kind == Kind::number;
    return newline + sentinel + (apart ? "& " : "&");
}

// The last piece from `from` on before which the line can end within `limit`, when it doesn't fit; else the number of pieces.
size_t Columns::find_break(size_t from, uint32_t column, uint32_t limit) const {
    size_t found = pieces_.size();
    for (size_t i = from; i < pieces_.size(); i++) {
        const Piece &piece = pieces_[i];
        if (i > from && may_break(i)) found = i;
        column += uint32_t(piece.text.find('\n') == std::string_view::npos ? piece.text.size() : piece.text.find('\n'));
        if (column > limit && is_code(piece)) return found;
    }
    return pieces_.size();
}

void Columns::lay_out(bool over) {
    uint32_t width = scanner_.width(), source_end = 0, first_column = columns_to(pieces_[0].lexeme.begin), column = first_column;
    size_t head = 0;  // pieces before the statement field
    while (head < pieces_.size() && pieces_[head].lexeme.trivia) head++;
    for (const Piece &piece : pieces_)
        if (is_code(piece) && !(over && &piece == &pieces_.back())) source_end = piece.lexeme.end;
    bool long_before = source_end && columns_to(source_end) > width;
    uint32_t limit = scanner_.fixed() ? width : width - 1;
    size_t next = pieces_.size();
    for (size_t i = 0; i < pieces_.size(); i++) {
        const Piece &piece = pieces_[i];
        if (i == head) {
            column = columns_to(piece.lexeme.begin);
            if (!long_before) next = find_break(i, column, limit);
        }
        bool kept = scanner_.fixed() && i >= head && ((over && i + 1 == pieces_.size()) ||
                                  (piece.lexeme.kind == Kind::comment && columns_to(piece.lexeme.begin) >= width));
        if (kept) {
            uint32_t target = columns_to(piece.lexeme.begin);
            if (column > target && !piece.lexeme.trivia) {
                Piece apart = piece;
                insert(line_break(apart));
                column = 6;
            }
            if (column < target) insert(std::string(target - column, ' '));
            column = target;
        } else if (i == next) {
            auto text = line_break(piece);
            insert(text);
            column = uint32_t(text.size() - text.rfind('\n') - 1);
            next = find_break(i, column, limit);
        }
        out_.text += piece.text;
        column += uint32_t(piece.text.size());
    }
}

}  // namespace

Substituted substitute_fortran(std::string_view source, Form form, const Place *places, size_t count,
                               const std::vector<std::string_view> &replacements) {
    return Columns(source, form, places, count, replacements).run();
}

namespace {

// Undoes what `Columns` did, as long as it finds what that put in.
class Undo {
  public:
    Undo(std::string_view text, const std::vector<Renaming> &names, const std::vector<Patch> &patches, const Variants &variants)
        : text_(text), patches_(patches), variants_(variants) {
        for (const Renaming &name : names) originals_.emplace(name.canonical, name.original);
        out_.reserve(text.size() + text.size() / 4);
    }
    std::string run(Form form) {
        Scanner scanner(text_, form);
        for (Lexeme lexeme; scanner.next(lexeme);)
            if (lexeme.kind == Kind::word) word(lexeme);
        patches_before(uint32_t(text_.size()) + 1);
        if (patch_ < patches_.size()) misfit("patch at byte", patches_[patch_].begin);
        if (variant_ < variants_.size()) misfit("spelling of name", variants_[variant_].first);
        out_.append(text_.substr(done_));
        return std::move(out_);
    }

  private:
    [[noreturn]] static void misfit(const char *what, uint32_t number) {
        throw std::invalid_argument(std::string(what) + " " + std::to_string(number));
    }
    void put(uint32_t begin, uint32_t end, std::string_view replacement) {
        out_.append(text_.substr(done_, begin - done_)).append(replacement);
        done_ = end;
    }
    void patches_before(uint32_t begin);
    void word(const Lexeme &lexeme);

    std::string_view text_;
    const std::vector<Patch> &patches_;
    const Variants &variants_;
    std::unordered_map<std::string_view, std::string_view> originals_;
    std::string out_;
    uint32_t renamed_ = 0, done_ = 0;
    size_t patch_ = 0, variant_ = 0;
};

void Undo::patches_before(uint32_t begin) {
    for (; patch_ < patches_.size() && patches_[patch_].begin < begin; patch_++) {
        const Patch &patch = patches_[patch_];
        uint64_t end = uint64_t(patch.begin) + patch.length;
        if (patch.begin < done_ || end > std::min<uint64_t>(begin, text_.size())) misfit("patch at byte", patch.begin);
        // Blanks, or a new line with its marks and sentinel.
        auto stretch = text_.substr(patch.begin, patch.length);
        bool new_line = stretch.find('\n') != std::string_view::npos;
        bool ours = stretch.find_first_not_of(new_line ? " \t\r\n&!$*cCoOmMpPaA" : " ") == std::string_view::npos;
        if (!ours) misfit("patch at byte", patch.begin);
        put(patch.begin, uint32_t(end), patch.original);
    }
}

void Undo::word(const Lexeme &lexeme) {
    auto found = originals_.find(text_.substr(lexeme.begin, lexeme.end - lexeme.begin));
    if (found == originals_.end()) return;
    patches_before(lexeme.begin);
    std::string_view name = found->second;
    if (variant_ < variants_.size() && variants_[variant_].first == renamed_) {
        std::string_view spelled = variants_[variant_++].second;
        bool same = std::equal(spelled.begin(), spelled.end(), name.begin(), name.end(),
                               [](char a, char b) { return fortran::lower(a) == fortran::lower(b); });
        if (!same) misfit("spelling of name", renamed_);
        name = spelled;
    }
    renamed_++;
    put(lexeme.begin, lexeme.end, name);
}

}  // namespace

std::string restore_fortran(std::string_view text, Form form, const std::vector<Renaming> &names, const std::vector<Patch> &patches,
                            const Variants &variants) {
    return Undo(text, names, patches, variants).run(form);
}

}  // namespace hpcraft
