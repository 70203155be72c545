// What is decided when all of a text is known: which spellings stay, which symbols are one.
#include <algorithm>

#include "c_names.h"

namespace hpcraft {

namespace {

constexpr uint32_t kNone = 0xFFFFFFFFu;
constexpr size_t kLongName = 256;

// Of two symbols that become one, the kind that says more.
int rank(const Meaning &meaning) {
    static const std::string_view order = "lmvftd";
    return int(order.find(meaning.kind)) + (meaning.flags & declared ? 16 : 0);
}

}  // namespace

// Whether a name may be what pasting makes of the fragments: one of them, or several joined.
bool Names::pasted(std::string_view text) const {
    if (text.size() > kLongName) return true;
    std::vector<bool> reached(text.size() + 1, false);
    reached[0] = true;
    for (size_t from = 0; from < text.size(); from++) {
        if (!reached[from]) continue;
        for (size_t to = from + 1; to <= text.size(); to++) {
            if (!reached[to] && fragments_.count(text.substr(from, to - from))) reached[to] = true;
        }
    }
    return reached[text.size()];
}

void Names::fix_pasted() {
    if (!pastes || fragments_.empty()) return;
    for (Spelling &spelling : spellings_) {
        bool named = spelling.outer || spelling.tag || spelling.member || spelling.traits & (macro_name | pin_all);
        if (named && pasted(spelling.text)) spelling.traits |= fix_all;
    }
}

// A macro is a brace where all its definitions say so; one that vanishes elsewhere may still close what surrounds a whole text.
void Names::settle_braces() {
    constexpr uint16_t kShapes = opens | closes | unbalanced | surrounds | balanced;
    for (Spelling &spelling : spellings_) {
        uint16_t shape = spelling.traits & kShapes;
        bool harmless = !(shape & (opens | closes | unbalanced)) || (surrounded && shape == (closes | balanced));
        bool brace = shape == opens || shape == closes;
        spelling.traits &= uint16_t(~kShapes);
        spelling.traits |= uint16_t(harmless ? 0 : brace ? shape : uint16_t(unbalanced));
    }
}

// A macro that this text sets for headers, or that others set for this text, has a meaning outside.
void Names::fix_macros() {
    for (Spelling &spelling : spellings_) {
        if (spelling.traits & tested && !(spelling.traits & guard)) spelling.traits |= fix_all;
        if (!(spelling.traits & macro_name)) continue;
        spelling.traits |= pin_all;
        if (spelling.traits & guard) continue;
        bool for_headers = !(spelling.traits & in_code) && spelling.defined_at < last_include;
        if (for_headers || spelling.defined_at < last_quoted) spelling.traits |= fix_all;
    }
}

// In a text that includes others, a name that is used where nothing declares it may come from a macro: its namesakes go with it.
void Names::pin_undeclared() {
    if (includes.empty()) return;
    std::vector<bool> called_here(spellings_.size(), false);
    for (const Meaning &meaning : meanings_) {
        if (meaning.flags & declared && meaning.flags & called) called_here[meaning.spelling] = true;
    }
    for (const Meaning &meaning : meanings_) {
        bool missing = meaning.used_undeclared && !(meaning.flags & declared);
        // A function of a library, whose namesakes are variables, is none of them.
        if (missing && (!(meaning.flags & called) || called_here[meaning.spelling])) spellings_[meaning.spelling].traits |= pin_all;
    }
}

// For each symbol the one that it becomes.
std::vector<uint32_t> Names::merged(bool pin_everything) {
    std::vector<uint32_t> into(meanings_.size());
    std::vector<uint32_t> best(spellings_.size(), kNone);
    for (uint32_t i = 0; i < meanings_.size(); i++) {
        Meaning &meaning = meanings_[i];
        into[i] = i;
        bool pins = (pin_everything || spellings_[meaning.spelling].traits & pin_all) && !meaning.macro_parameter;
        if (!pins) continue;
        uint32_t &first = best[meaning.spelling];
        if (first == kNone) {
            first = i;
            continue;
        }
        Meaning &kept = meanings_[first];
        bool missing = (kept.used_undeclared && !(kept.flags & declared)) || (meaning.used_undeclared && !(meaning.flags & declared));
        if (rank(meaning) > rank(kept)) kept.kind = meaning.kind;
        uint8_t both = kept.flags | meaning.flags;
        if (!(kept.flags & meaning.flags & local)) both &= uint8_t(~local);
        // What is used where nothing declares it may be a header's.
        if (missing && kept.kind != 'd') both &= uint8_t(~declared);
        kept.used_undeclared |= missing;
        kept.flags = both | pinned;
        into[i] = first;
    }
    return into;
}

// Names in text that no compiler may see go with the name outside, else with any of their spelling.
void Names::settle_weak(std::vector<uint32_t> &into) {
    std::vector<uint32_t> any(spellings_.size(), kNone);
    for (uint32_t i = uint32_t(meanings_.size()); i-- > 0;) {
        if (!meanings_[i].macro_parameter) any[meanings_[i].spelling] = i;
    }
    for (const Weak &weak : weak_) {
        const Spelling &spelling = spellings_[weak.spelling];
        uint32_t symbol = spelling.outer ? spelling.outer - 1 : any[weak.spelling];
        if (symbol != kNone) places_.push_back({weak.begin, weak.length, into[symbol]});
    }
}

Analysis Names::finish(bool pin_everything) {
    fix_macros();
    fix_pasted();
    pin_undeclared();
    std::vector<uint32_t> into = merged(pin_everything);
    for (Place &place : places_) place.symbol = into[place.symbol];
    settle_weak(into);
    auto before = [](const Place &a, const Place &b) { return a.begin < b.begin; };
    if (!std::is_sorted(places_.begin(), places_.end(), before)) std::stable_sort(places_.begin(), places_.end(), before);
    Analysis result;
    std::vector<uint32_t> number(meanings_.size(), kNone);
    for (Place &place : places_) {
        uint32_t &fresh = number[place.symbol];
        if (fresh == kNone) {
            fresh = uint32_t(result.symbols.size());
            const Meaning &meaning = meanings_[place.symbol];
            const Spelling &spelling = spellings_[meaning.spelling];
            uint8_t flags = meaning.flags | (spelling.traits & fix_all && !meaning.macro_parameter ? fixed : 0);
            char kind = meaning.kind == 'v' && !(flags & declared) && flags & called ? 'f' : meaning.kind;
            result.symbols.push_back({spelling.text, spelling.traits & macro_name && !meaning.macro_parameter ? 'd' : kind, flags});
        }
        place.symbol = fresh;
    }
    result.places = std::move(places_);
    result.includes = std::move(includes);
    return result;
}

}  // namespace hpcraft
