// Names in preprocessor lines and in directives of OpenMP and OpenACC.
#pragma once

#include <vector>

#include "c_stream.h"

namespace hpcraft {

class Directives {
public:
    Directives(std::string_view source, Names &names, Language language) : source_(source), names_(names), language_(language) {}

    // Finds which macros' parameters are touched by # and ##, before the text is read.
    void survey();
    void read(const Aside &aside);
    // Reads what waited for the parameters of a function (declare simd).
    void flush();
    // Lets all names spelled in a string stay.
    void fix_words(uint32_t begin, uint32_t end);

private:
    struct Macro {
        uint32_t name;
        std::vector<uint32_t> parameters;
        bool function_like;
        std::vector<Tok> body;
    };
    struct Flow {  // a parameter of a macro that is handed to another
        uint32_t from, to;
        int from_position, to_position;
    };
    struct Handed {  // a word of a body that is handed to another macro
        uint32_t to;
        int position;
        Tok word;
    };
    std::vector<Tok> words_of(uint32_t begin, uint32_t end);
    bool parse_macro(const std::vector<Tok> &line, size_t from, Macro &macro);
    void survey_macro(const Macro &macro);
    void survey_braces(const Macro &macro);
    void survey_members(const Macro &macro);
    void survey_call(const Macro &macro, size_t at);
    void hash_parameter(const Macro &macro, uint32_t parameter);
    void spread();
    void include(const Aside &aside);
    void define(const std::vector<Tok> &line, size_t from);
    void condition(const std::vector<Tok> &line, size_t from);
    void weak(const Aside &aside);
    void pragma(const std::vector<Tok> &line, size_t from);
    size_t clause(const std::vector<Tok> &line, size_t at, std::string_view name);
    void list(const std::vector<Tok> &line, size_t from, size_t to);
    void name(const std::vector<Tok> &line, size_t at, size_t from);
    std::string_view text(const Tok &token) const { return source_.substr(token.begin, token.end - token.begin); }

    std::string_view source_;
    Names &names_;
    Language language_;
    std::vector<Flow> flows_;
    std::vector<Handed> handed_;
    std::vector<uint32_t> aliases_;
    std::vector<std::vector<Tok>> waiting_;
    uint32_t guard_ = 0;
    int num_read_ = 0;
};

}  // namespace hpcraft
