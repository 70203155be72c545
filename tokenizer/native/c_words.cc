// Tables of keywords; what isn't here is a name, and whether a platform owns it is for Python to say.
#include "c_words.h"

#include <unordered_map>

namespace hpcraft {

namespace {

struct Row {
    Word word;
    const char *spellings;
};

const Row kBoth[] = {
    {Word::type, "void char short int long float double signed unsigned _Bool _Complex _Imaginary __int128 __int128_t __signed__ __signed "
                 "__complex__ __complex auto _Float16 _Float32 _Float64 _Float128 __float128 __builtin_va_list __auto_type"},
    {Word::specifier, "const volatile static inline register restrict _Noreturn _Thread_local __thread __inline __inline__ __const "
                      "__const__ __restrict __restrict__ __volatile __volatile__ __extension__ __forceinline __cdecl __stdcall "
                      "__fastcall noinline __global__ __device__ __host__ __shared__ __constant__ __managed__ __noinline__ __forceinline__ "
                      "__grid_constant__"},
    {Word::typedef_, "typedef"},
    {Word::extern_, "extern"},
    {Word::attribute, "__attribute__ __attribute __declspec _Alignas alignas __launch_bounds__ __align__ __cluster_dims__ __maxnreg__"},
    {Word::typeof_, "typeof __typeof__ __typeof typeof_unqual _Atomic"},
    {Word::class_key, "struct union"},
    {Word::enum_, "enum"},
    {Word::asm_, "asm __asm__ __asm"},
    {Word::offsetof_, "offsetof __builtin_offsetof"},
    {Word::if_, "if"},
    {Word::else_, "else"},
    {Word::for_, "for"},
    {Word::while_, "while switch"},
    {Word::do_, "do"},
    {Word::case_, "case"},
    {Word::default_, "default"},
    {Word::goto_, "goto"},
    {Word::label_, "__label__"},
    {Word::pragma_, "_Pragma"},
    {Word::assert_, "_Static_assert static_assert"},
    {Word::jump, "return"},
    {Word::value, "break continue sizeof _Alignof alignof __alignof__ __alignof _Generic __func__ __FUNCTION__ __PRETTY_FUNCTION__ "
                  "__FILE__ __LINE__ __VA_ARGS__ __VA_OPT__ __builtin_types_compatible_p __real__ __imag__ defined"},
};

const Row kPlus[] = {
    {Word::type, "bool wchar_t char8_t char16_t char32_t"},
    {Word::specifier, "constexpr consteval constinit mutable virtual explicit thread_local"},
    {Word::friend_, "friend"},
    {Word::typeof_, "decltype"},
    {Word::class_key, "class"},
    {Word::template_, "template"},
    {Word::typename_, "typename"},
    {Word::namespace_, "namespace"},
    {Word::using_, "using"},
    {Word::operator_, "operator"},
    {Word::access, "public private protected"},
    {Word::try_, "try"},
    {Word::catch_, "catch"},
    {Word::concept_, "concept"},
    {Word::requires_, "requires"},
    {Word::jump, "throw co_return co_yield co_await"},
    {Word::value, "new delete this true false nullptr and or not xor and_eq or_eq not_eq xor_eq bitand bitor compl const_cast static_cast "
                  "dynamic_cast reinterpret_cast typeid noexcept export"},
};

using Table = std::unordered_map<std::string_view, Word>;

void add(Table &table, const Row &row) {
    std::string_view rest = row.spellings;
    while (!rest.empty()) {
        size_t end = std::min(rest.find(' '), rest.size());
        table.emplace(rest.substr(0, end), row.word);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

Table table_of(bool plus) {
    Table table;
    for (const Row &row : kBoth) add(table, row);
    if (plus) {
        for (const Row &row : kPlus) add(table, row);
    }
    return table;
}

}  // namespace

Word word_class(std::string_view word, Language language) {
    static const Table c = table_of(false), cpp = table_of(true);
    const Table &table = language == Language::c ? c : cpp;
    auto found = table.find(word);
    return found == table.end() ? Word::name : found->second;
}

}  // namespace hpcraft
