// A declaration-aware scanner of C, C++ and CUDA: it knows what declares a name and how long the name lives, and nothing of types.
//
// Outside functions a spelling has one symbol (C: one each as an ordinary name, a tag and a member), so that mistakes there do no
// harm; inside functions declarations are told from expressions as a reader would, by their look and by what names are types.
// Nesting deeper than `kMaxDepth`, or brackets that don't match, make the scanner give up scopes: all symbols of a spelling are one.
#pragma once

#include "c_directives.h"

namespace hpcraft {

enum class Where : uint8_t {
    file,       // outside functions, also in a namespace
    klass,      // in a struct, union or class
    local,      // a statement
    parameter,  // between the parentheses of a function
    head,       // in the parentheses of for, if, while, switch, catch
};

enum Stop : int { at_comma = 1, at_colon = 2, at_block = 4, at_angle = 8 };

struct Specifiers {
    bool type = false;      // a type was named
    bool keyword = false;   // .. by a keyword or with struct, so that the next name is what is declared
    bool any = false;       // static, const, ..
    bool is_typedef = false;
    bool is_extern = false;
    bool is_friend = false;
};

struct Declarator {
    bool function = false;
    bool scope_open = false;  // the scope of its parameters waits for a body
    bool named = false;
    bool old = false;  // K&R: names alone, declared behind the parentheses
};

class Parser {
public:
    Parser(std::string_view source, Language language)
        : source_(source), plus_(language != Language::c), names_(source, language), directives_(source, names_, language),
          stream_(source, names_) {}
    Analysis run();

private:
    // tokens (c_tokens.cc)
    Tok peek(size_t k = 0) { return stream_.peek(k); }
    Tok take();
    void enter_argument(const Tok &token);
    void record(const Tok &token, uint32_t symbol);
    bool pointer_at(size_t k);
    void used(const Tok &token, const Tok &before);
    void member(const Tok &token, bool declares);
    void qualified_part(const Tok &token);
    void mark_type(const Tok &token);
    bool shouted(const Tok &token);
    bool foreign(const Tok &token);
    bool skip(const char *text) { return peek().is(text) ? (take(), true) : false; }
    size_t past_parentheses(size_t k);
    size_t past_template(size_t k);
    size_t past_macros();
    size_t past_qualified(size_t k, bool &callable);
    bool known_type(const Tok &token);
    bool known_value(const Tok &token);

    // what a statement looks like (c_looks.cc)
    bool declares(size_t k, Where where);
    bool declares_by_keyword(size_t k);
    bool declarator_at(size_t k, bool sure);
    bool name_declares(size_t k, Where where);
    bool follows_declarator(const Tok &token) const;
    bool braces_hold_statements();
    bool all_names(size_t k, size_t &close);
    bool parameters_follow(Where where, const Specifiers &found);

    // items outside functions (c_items.cc)
    void item(Where where);
    bool item_by_keyword(Where where);
    bool fragment();
    void using_item(Where where);
    void namespace_item();
    void extern_block();
    void concept_item(Where where);
    void finish_item(Where where);
    void static_assertion();
    void template_header(bool keep_scope);
    void template_parameters();

    // declarations (c_declarations.cc)
    void declaration(Where where);
    Specifiers specifiers(Where where);
    bool specifier(Specifiers &found, Where where);
    bool specifier_name(Specifiers &found, Where where);
    bool declarators(Where where, const Specifiers &found);
    bool rest_of_function(Where where, const Specifiers &found, Declarator &made);
    void initialiser(Where where);
    void storage(Specifiers &found);

    // declarators (c_declarators.cc)
    Declarator declarator(Where where, const Specifiers &found);
    void pointers();
    void direct(Where where, const Specifiers &found, Declarator &made);
    void direct_in_parentheses(Where where, const Specifiers &found, Declarator &made);
    bool parentheses_declare(Where where);
    void direct_name(Where where, const Specifiers &found, Declarator &made);
    void suffixes(Where where, const Specifiers &found, Declarator &made, bool in_parentheses);
    void declare(const Tok &token, Where where, const Specifiers &found, bool function);
    void operator_name();
    void qualified_declarator();
    void structured_binding(Where where);
    void parameters(Where where, Declarator &made);
    void old_parameters();
    void after_parameters(Where where);
    void constructor_list();

    // types with bodies, attributes (c_classes.cc)
    void attribute();
    void square_attribute();
    void asm_statement();
    void class_specifier(Where where);
    void class_body(bool unknown_base);
    bool bases();
    void enum_specifier(Where where);
    void name_of_type(const Tok &token, Where where, bool defines);

    // statements and expressions (c_statements.cc, c_expressions.cc)
    void function_body();
    void block();
    void statement();
    bool veiled();
    bool statement_by_keyword();
    void do_statement();
    void jump_to_label();
    void condition_and_statement();
    void handler();
    void if_statement();
    void for_statement();
    void head();
    void labels();
    void expression(int stops);
    bool close_bracket(const Tok &token, bool &macro_block);
    bool ends_expression(const Tok &token, int stops, size_t base, int &ternary);
    bool nested(const Tok &before, bool macro_block, int stops, size_t base);
    void operand(const Tok &before, size_t base, int ternary);
    void lambda();
    void captures();
    void offset_of();
    bool value_before(const Tok &token) const;
    void plain(size_t count);

    struct Deeper {  // counts nesting; `ok` is false where it is too deep
        explicit Deeper(Parser &parser) : parser_(parser) { ok = ++parser_.depth_ < kMaxDepth; }
        ~Deeper() { parser_.depth_--; }
        bool ok;
        Parser &parser_;
    };
    void give_up();

    static constexpr int kMaxDepth = 400;
    static constexpr size_t kLookahead = 256;

    struct Invocation {  // a macro that touches its arguments with # or ##, or takes members
        uint32_t parenthesis;
        int argument;
        uint64_t hashed;
        uint64_t selecting;
        bool outer;
    };

    std::string_view source_;
    bool plus_;
    Names names_;
    Directives directives_;
    Stream stream_;
    std::vector<Invocation> invocations_;
    uint32_t pending_ = 0;  // the macro whose parenthesis comes, one more than its number
    uint32_t parentheses_ = 0;
    bool hot_ = false;
    bool selects_ = false;
    Tok last_;               // the token taken last
    bool foreign_ = false;   // it belongs to a name behind `::` whose beginning is a header's
    std::vector<char> brackets_;
    std::vector<char> called_;  // for each parenthesis whether a name stands before it
    uint32_t function_ = 0;
    uint32_t class_ = 0xFFFFFFFFu;  // spelling of the class whose body this is
    bool unknown_base_ = false;
    int functions_deep_ = 0;
    int depth_ = 0;
    bool pinned_ = false;
};

}  // namespace hpcraft
