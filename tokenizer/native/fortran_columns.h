// Fortran with other names, in lines that still fit.
#pragma once

#include "analysis.h"

namespace hpcraft {

using Variants = std::vector<std::pair<uint32_t, std::string_view>>;

struct Substituted {
    std::string text;
    std::vector<Patch> patches;
    // Where a name is spelled in another case than at its first place: number of the occurrence among all that were replaced, spelling.
    Variants variants;
};

Substituted substitute_fortran(std::string_view source, Form form, const Place *places, size_t count,
                               const std::vector<std::string_view> &replacements);

struct Renaming {
    std::string_view canonical, original;
};

// Throws std::invalid_argument where patches or variants don't fit the text.
std::string restore_fortran(std::string_view text, Form form, const std::vector<Renaming> &names, const std::vector<Patch> &patches,
                            const Variants &variants);

}  // namespace hpcraft
