// Fortran with other names, in lines that still fit.
#pragma once

#include "analysis.h"

namespace hpcraft {

struct Substituted {
    std::string text;
    std::vector<Patch> patches;
    // Where a name is spelled in another case than at its first place: number of the occurrence among all that were replaced, spelling.
    std::vector<std::pair<uint32_t, std::string_view>> variants;
};

Substituted substitute_fortran(std::string_view source, Form form, const Place *places, size_t count,
                               const std::vector<std::string_view> &replacements);

struct Renaming {
    std::string_view canonical, original;
};

std::string restore_fortran(std::string_view text, Form form, const std::vector<Renaming> &names, const std::vector<Patch> &patches,
                            const std::vector<std::pair<uint32_t, std::string_view>> &variants);

}  // namespace hpcraft
