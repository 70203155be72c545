// The resolver of Fortran: reads statement by statement and says of each word that is a name what it means.
//
// A statement's tokens are gathered from the scanner, then read by the position of its words: an assignment is one whatever it begins
// with, then the first word tells. Directives and preprocessor lines are statements of their own.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>

#include "fortran_names.h"

namespace hpcraft::fortran {

// Operators of more than one character, as one.
enum Op : char { op_none = 0, op_colons = 'D', op_arrow = 'P', op_concat = 'C', op_compare = 'E', op_power = 'W', op_paste = '#' + 64 };

struct Tok {
    uint32_t begin;
    uint32_t length;
    uint32_t name;   // of a word
    uint32_t match;  // of a bracket its partner, else kNone
    Kind kind;
    char op;         // of an operator, or 0
    bool whole;      // false when the word is cut by the end of a line
};

class Resolver {
  public:
    Resolver(std::string_view source, Form form) : text_(source), scanner_(source, form) {}
    Analysis run();
    // Reads a text of fixed form again, with the names that have blanks inside somewhere.
    Analysis run(const std::set<std::string> &spaced) { return spaced_known_ = &spaced, run(); }
    bool has_spaced() const { return !spaced_.empty(); }
    std::set<std::string> spaced_words();

  private:
    using Toks = std::vector<Tok>;
    enum class Frame : uint8_t { unit, interface, type, block, associate, select, enumeration };
    struct Open {
        Frame frame;
        uint32_t outer;    // the scope around it
        uint32_t entity;   // its name, or kNone
        bool contains = false;
        bool unnamed = false;    // a main program without a first statement
        bool is_abstract = false;
        uint32_t word = 0;       // module, program, subroutine, ...
        uint32_t branches = 0;   // number of #else before it
        bool has_result = false; // a function whose result has a name of its own
    };
    struct Keyword { uint32_t begin, length, callee, name; };
    struct Access { uint32_t base, member; };  // base: entity * 2, or number of an access * 2 + 1
    struct Binding { uint32_t type, member, procedure; };
    struct Link { uint32_t entity, target; bool overrides; };
    struct Macro { uint32_t symbol; bool function_like; bool defined; };

    // Gathering (fortran_resolve.cc).
    void take(const Lexeme &lexeme);
    Tok token_of(const Lexeme &lexeme);
    static void pair_brackets(Toks &tokens);
    void flush_code();
    void flush_directive();
    void flush_cpp();
    void flush_before(uint32_t begin);

    // Names with blanks inside (fortran_spaced.cc).
    std::string joined(uint32_t from, uint32_t to) const;
    void join_spaced();
    uint32_t join_run(uint32_t from, uint32_t to, bool inside);

    // Statements (fortran_statements.cc).
    void statement();
    void dispatch(uint32_t i);
    bool dispatch_block(uint32_t i);
    bool dispatch_unit(uint32_t i);
    bool dispatch_declaration(uint32_t i);
    bool dispatch_action(uint32_t i);
    void unknown_statement(uint32_t i);
    uint32_t assignment_at(uint32_t i) const;
    void assignment(uint32_t i, uint32_t equals);
    void end_statement(uint32_t i);
    uint32_t end_word(uint32_t i, uint32_t &after) const;
    void construct_name(uint32_t i);
    void do_statement(uint32_t i);
    void select_statement(uint32_t i);
    void associate_statement(uint32_t i);
    void type_guard(uint32_t i);

    // Units (fortran_units.cc).
    uint32_t procedure_at(uint32_t i) const;
    void open_procedure(uint32_t i, uint32_t head);
    void open_unit(uint32_t i, uint32_t word);
    void open_submodule(uint32_t i);
    void open_module_procedure(uint32_t i);
    void open_unnamed();
    uint32_t open_heading(uint32_t i, uint32_t word, bool separate);
    uint32_t lookup(uint32_t scope, uint32_t name) const;
    uint32_t arguments(uint32_t i);
    bool binding_name(uint32_t open);
    Open &push(Frame frame, uint32_t entity, uint32_t scope);
    void pop();
    void close_unit();
    void use_statement(uint32_t i);
    void use_list(uint32_t i, uint32_t module_scope, bool only);
    void use_item(uint32_t i, uint32_t arrow, uint32_t module_scope);
    void interface_statement(uint32_t i);
    void procedure_list(uint32_t i);
    void entry_statement(uint32_t i);
    void implicit_statement(uint32_t i);

    // Declarations (fortran_declare.cc, fortran_types.cc).
    uint32_t type_spec(uint32_t i, uint32_t &type);
    uint32_t attributes(uint32_t i, uint32_t end, uint32_t &state);
    void type_declaration(uint32_t i);
    void entities(uint32_t i, uint32_t state, uint32_t type);
    uint32_t entity(uint32_t i, uint32_t state, uint32_t type);
    uint32_t initial(uint32_t i);
    void attribute_statement(uint32_t i);
    void common_statement(uint32_t i);
    void namelist_statement(uint32_t i);
    void parameter_statement(uint32_t i);
    void type_definition(uint32_t i);
    void in_type(uint32_t i);
    void bindings(uint32_t i);
    void generic_binding(uint32_t i);

    // Expressions (fortran_expression.cc).
    void expression(uint32_t i, uint32_t end, bool control = false);
    uint32_t word_in_expression(uint32_t k, uint32_t end, uint32_t callee);
    bool is_keyword(uint32_t k) const;
    uint32_t member(uint32_t k);
    uint32_t designator_before(uint32_t k) const;
    bool cuts(uint32_t open) const;

    // Directives and macros (fortran_directive.cc, fortran_macros.cc).
    void directive();
    void clause(uint32_t name, uint32_t open);
    void find_macros();
    void define_line(uint32_t begin);
    void cpp_line();
    void macro_body(uint32_t i);
    void macro_word(uint32_t k);
    bool macro_at(uint32_t k);
    uint32_t macro(std::string_view spelling);

    // The end (fortran_finish.cc).
    void finish_overrides();
    void finish_bindings();
    void finish_keywords();
    void finish_accesses();
    void finish_pins();
    bool unknown_ancestor(uint32_t type);
    bool component_type(uint32_t type, uint32_t member, uint32_t &found);
    void union_dummies(uint32_t key, uint32_t body, std::unordered_map<uint64_t, uint32_t> &seen);
    char kind_of(uint32_t entity);
    Analysis analysis();

    // Small ones.
    std::string_view view(const Tok &tok) const { return text_.substr(tok.begin, tok.length); }
    uint32_t size() const { return uint32_t(t_.size()); }
    uint32_t word(uint32_t i) const { return i < t_.size() && t_[i].kind == Kind::word ? t_[i].name : 0; }
    char op(uint32_t i) const { return i < t_.size() ? t_[i].op : char(0); }
    bool is_word(uint32_t i) const { return i < t_.size() && t_[i].kind == Kind::word; }
    uint32_t behind(uint32_t i) const { return i < t_.size() && t_[i].match != kNone && t_[i].match > i ? t_[i].match + 1 : i + 1; }
    uint32_t find_op(uint32_t i, char op) const;  // at depth 0, or the end
    uint32_t place(uint32_t k, uint32_t entity);
    uint32_t refer(uint32_t k, uint32_t state = 0);
    uint32_t declare(uint32_t k, uint32_t state);
    void fix(std::string_view spelling) { fixed_.push_back(names_.words.id(spelling)); }

    std::string_view text_;
    Scanner scanner_;
    Names names_;
    Toks t_, code_, directive_, cpp_;
    std::deque<std::string> joined_;  // words that were cut
    std::vector<std::string> spaced_;  // words that stand with blanks inside, perhaps
    const std::set<std::string> *spaced_known_ = nullptr;
    std::vector<Open> open_;
    uint32_t scope_ = kGlobal;
    uint32_t branches_ = 0;
    std::vector<Place> places_;       // with entities for symbols
    std::vector<std::string_view> includes_;
    std::vector<uint32_t> chain_;     // per token of the statement what a member after it belongs to
    std::vector<Keyword> keywords_;
    std::vector<Access> accesses_;
    std::vector<Binding> bindings_;
    std::vector<Link> links_;
    std::unordered_map<uint64_t, uint32_t> components_;  // (type, member) to the type of the component
    std::unordered_map<uint32_t, uint32_t> parents_;     // of a type, its parent
    std::unordered_map<uint32_t, uint32_t> modules_;     // of a module, its scope
    std::unordered_map<std::string_view, Macro> macros_;
    std::vector<bool> macro_names_;   // by name: some macro is spelled so
    std::vector<uint32_t> fixed_, pinned_;  // names
};

}  // namespace hpcraft::fortran
