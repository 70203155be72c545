// Names of fixed form with blanks inside, as in `OUT IERR` for OUTIERR: no two names stand side by side there.
//
// Where the text has the joined word elsewhere it is that name, and stays: a name in pieces has no place to be renamed at. Where it
// doesn't, and no keyword can stand there, the pieces stay, wherever they are spelled. What stands elsewhere is known only when all of
// the text was read, so that such a text, which is rare, is read twice.
// Not covered: digits of a name behind a blank (`X 1`), directives.
#include <algorithm>

#include "fortran_resolve.h"

namespace hpcraft::fortran {

namespace {

constexpr size_t kLongestName = 63;

// Keywords that begin no statement and head no name, so that a name may well begin with one.
bool soft(uint32_t name) {
    static constexpr uint32_t kSoft[] = {w_nothing, w_in,    w_out,   w_is,    w_len,   w_kind,   w_file, w_form,   w_rank, w_local,
                                         w_host,    w_event, w_value, w_none,  w_error, w_result, w_team, w_shared, w_reduce};
    return name >= w_count || std::find(std::begin(kSoft), std::end(kSoft), name) != std::end(kSoft);
}

}  // namespace

// The word that the tokens of a run make, or one that is too long for a name.
std::string Resolver::joined(uint32_t from, uint32_t to) const {
    std::string word;
    for (uint32_t k = from; k < to && word.size() <= kLongestName; k++) word += view(t_[k]);
    std::transform(word.begin(), word.end(), word.begin(), lower);
    return word;
}

// Joins the words of the statement that are one name; in a first reading takes note of what may be one.
void Resolver::join_spaced() {
    if (!scanner_.fixed() || (is_word(0) && t_[0].name == w_format)) return;
    for (uint32_t i = 0; i + 1 < size(); i++) {
        uint32_t end = i;
        while (is_word(end)) end++;
        if (end < i + 2) continue;
        // Behind an operator a name is due; at the begin of a statement and behind a parenthesis perhaps a keyword.
        bool inside = i > 0 && t_[i - 1].op && t_[i - 1].op != ')';
        uint32_t from = i;
        while (!inside && from < end && !soft(t_[from].name)) from++;
        if (end >= from + 2) end = join_run(from, end, inside);
        i = end;
    }
}

// Returns where the run ends then.
uint32_t Resolver::join_run(uint32_t from, uint32_t to, bool inside) {
    std::string word = joined(from, to);
    if (word.size() > kLongestName) return to;
    if (!spaced_known_) {
        spaced_.push_back(word);
        return to;
    }
    if (!spaced_known_->count(word)) {
        for (uint32_t k = from; inside && k < to; k++) fixed_.push_back(t_[k].name);
        return to;
    }
    joined_.push_back(word);
    Tok &whole = t_[from];
    whole.name = names_.words.id(joined_.back());
    whole.length = t_[to - 1].begin + t_[to - 1].length - whole.begin;
    whole.whole = false;
    fixed_.push_back(whole.name);
    t_.erase(t_.begin() + from + 1, t_.begin() + to);
    return from + 1;
}

// Of the words that stood in pieces those that the text has in one piece too; keywords are none.
std::set<std::string> Resolver::spaced_words() {
    std::set<std::string> known;
    for (const std::string &word : spaced_) {
        uint32_t before = names_.words.size(), name = names_.words.id(word);
        if (name < before && name >= w_count) known.insert(word);
    }
    return known;
}

}  // namespace hpcraft::fortran
