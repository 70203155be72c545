// The tokens of a Fortran text.
#include "fortran_scan.h"

namespace hpcraft {

std::vector<Token> lex_fortran(std::string_view source, Form form) {
    std::vector<Token> tokens;
    fortran::Scanner scanner(source, form);
    for (fortran::Lexeme lexeme; scanner.next(lexeme);) tokens.push_back({lexeme.begin, lexeme.end, lexeme.kind});
    return tokens;
}

}  // namespace hpcraft
