"""Words that the hash of a tree keeps. The lists are closed and stay as they are: another word would be another hash.

What renaming keeps is another matter, and grows: `hpcraft.tokenizer.vocabulary`.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


C_KEYWORDS = _words("""
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short
signed sizeof static struct switch typedef union unsigned void volatile while _Bool _Complex _Imaginary _Alignas _Alignof _Atomic _Generic
_Noreturn _Static_assert _Thread_local __restrict __restrict__ __inline __inline__ __attribute__ __extension__ asm __asm__ typeof __typeof__
defined include define undef ifdef ifndef elif endif pragma error warning line main
""")

CPP_KEYWORDS = _words("""
alignas alignof and bool catch class concept const_cast consteval constexpr constinit co_await co_return co_yield decltype delete
dynamic_cast explicit export false final friend mutable namespace new noexcept not nullptr operator or override private protected public
reinterpret_cast requires static_assert static_cast template this thread_local throw true try typeid typename using virtual wchar_t xor
std vector string array pair map set list tuple move forward size begin end push_back emplace_back resize reserve data first second
make_pair unique_ptr shared_ptr make_unique make_shared get cout cerr endl function swap sort fill accumulate numeric_limits complex real imag
""")

C_LIBRARY = _words("""
NULL FILE EOF stdin stdout stderr size_t ssize_t ptrdiff_t intptr_t uintptr_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t
uint64_t bool true false va_list va_start va_end va_arg time_t clock_t errno assert offsetof
printf fprintf sprintf snprintf scanf fscanf sscanf puts putchar fputs fputc fgets fopen fclose fread fwrite fflush perror
malloc calloc realloc free exit abort atoi atof atol strtol strtod qsort rand srand getenv system
memcpy memset memmove memcmp strlen strcpy strncpy strcmp strncmp strcat strchr strstr strdup
isalpha isdigit isspace isupper islower toupper tolower time clock difftime
INT_MAX INT_MIN UINT_MAX LONG_MAX LONG_MIN SIZE_MAX CHAR_BIT DBL_MAX DBL_MIN DBL_EPSILON FLT_MAX FLT_MIN FLT_EPSILON HUGE_VAL INFINITY NAN
M_PI M_E RAND_MAX EXIT_SUCCESS EXIT_FAILURE abs labs llabs div isnan isinf isfinite signbit
""")

_MATH_STEMS = [
    "fabs",
    "sqrt",
    "cbrt",
    "pow",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "floor",
    "ceil",
    "round",
    "trunc",
    "rint",
    "nearbyint",
    "fmod",
    "remainder",
    "fmin",
    "fmax",
    "fma",
    "hypot",
    "copysign",
    "erf",
    "erfc",
    "tgamma",
    "lgamma",
    "ldexp",
    "frexp",
    "modf",
    "lround",
    "llround",
    "rsqrt",
    "max",
    "min",
]
MATH = frozenset(stem + suffix for stem in _MATH_STEMS for suffix in ("", "f", "l"))

CUDA = _words("""
dim3 threadIdx blockIdx blockDim gridDim warpSize int2 int3 int4 uint2 uint3 uint4 float2 float3 float4 double2 double3 double4
make_int2 make_float2 make_float3 make_float4 make_double2 half __half
""")


FORTRAN_KEYWORDS = _words("""
program end module subroutine function call use only contains implicit none integer real double precision complex character logical type
class procedure interface abstract extends intent in out inout optional parameter dimension allocatable pointer target save public private
sequence bind value volatile contiguous asynchronous external intrinsic pure elemental recursive impure result entry
if then else elseif endif do enddo while concurrent select case default where elsewhere forall cycle exit goto continue return stop
allocate deallocate nullify associate block critical data common equivalence include namelist format print write read open close inquire
rewind backspace kind len iostat stat errmsg unit fmt file status form access action advance position
and or not eq ne lt le gt ge eqv neqv true false import enum enumerator final generic deferred operator assignment endfunction
endsubroutine endmodule endprogram endtype endselect endinterface endwhere
""")

FORTRAN_INTRINSICS = _words("""
abs acos acosh adjustl adjustr aimag aint all allocated anint any asin asinh associated atan atan2 atanh bit_size btest ceiling char cmplx
conjg cos cosh count cpu_time cshift date_and_time dble dim dot_product dprod eoshift epsilon exp exponent floor fraction huge iachar iand
ibclr ibits ibset ichar ieor index int ior is_iostat_end ishft ishftc lbound len_trim lge lgt lle llt log log10 logical matmul max maxexponent
maxloc maxval merge min minexponent minloc minval mod modulo move_alloc nearest new_line nint norm2 null pack precision present product radix
random_number random_seed range repeat reshape rrspacing scale scan selected_int_kind selected_real_kind shape sign sin sinh size spacing
spread sqrt sum system_clock tan tanh tiny transfer transpose trim ubound unpack verify sngl dabs dsqrt dmax1 dmin1 amax1 amin1 dfloat float
iso_c_binding iso_fortran_env c_int c_double c_float c_ptr c_loc c_f_pointer c_bool c_char c_size_t int32 int64 real32 real64 mpi mpi_f08 omp_lib
""")

KEPT_PATTERN = re.compile(
    r"MPI_\w+|omp_\w+|OMP_\w+|acc_\w+|ACC_\w+|cuda[A-Z]\w*|cublas\w+|cusparse\w+|hip[A-Z]\w*|__\w+__|__\w+|atomic[A-Z]\w+|PRI[dux]\d+|_OPENMP"
)
"""Families of names that belong to a library or a compiler."""
