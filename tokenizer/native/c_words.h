// The keywords of C, C++ and CUDA, by what they do in a declaration or statement.
#pragma once

#include <string_view>

#include "analysis.h"

namespace hpcraft {

enum class Word : uint8_t {
    name,        // no keyword
    type,        // int, void, auto
    specifier,   // const, static, inline
    typedef_,    //
    extern_,     //
    friend_,     //
    attribute,   // __attribute__ and the like: parentheses may follow
    typeof_,     // names a type by what stands in its parentheses
    class_key,   // struct, union, class
    enum_,       //
    template_,   //
    typename_,   //
    namespace_,  //
    using_,      //
    operator_,   //
    asm_,        //
    offsetof_,   //
    access,      // public, private, protected
    if_,         //
    else_,       //
    for_,        //
    while_,      // while and switch: a condition and a statement
    do_,         //
    try_,        //
    catch_,      //
    case_,       //
    default_,    //
    goto_,       //
    label_,      // __label__
    pragma_,     // _Pragma
    concept_,    //
    requires_,   //
    assert_,     // static_assert
    jump,        // return, throw, co_return: an expression follows
    value,       // this, sizeof, new: part of an expression
};

// The class of a word; `name` for what a program may call its own.
Word word_class(std::string_view word, Language language);

}  // namespace hpcraft
