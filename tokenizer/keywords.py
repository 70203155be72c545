"""The words that a language itself gives a meaning: C23, C++23, CUDA C++, Fortran 2023, with what GNU compilers add.

Words that are keywords in some places only are in `CONTEXTUAL`: elsewhere they may be a program's own names. Fortran reserves no
word at all; `FORTRAN_CONTEXTUAL` holds those that programs do use as names, and `vocabulary` keeps them only where nothing else is known.

Not covered: extensions of compilers other than gcc, clang, gfortran and nvcc, but for calling conventions and the like.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


C_KEYWORDS = _words("""
alignas alignof auto bool break case char const constexpr continue default do double else enum extern false float for goto if inline int
long nullptr register restrict return short signed sizeof static static_assert struct switch thread_local true typedef typeof
typeof_unqual union unsigned void volatile while _Alignas _Alignof _Atomic _BitInt _Bool _Complex _Decimal128 _Decimal32 _Decimal64 _Float128
_Float16 _Float32 _Float64 _Generic _Imaginary _Noreturn _Pragma _Static_assert _Thread_local asm main
""")
"""Of C23; ``bool``, ``true`` and others are macros in older C, which makes no difference here. ``main`` is where a program starts."""

PREPROCESSOR = _words("""
define defined elif elifdef elifndef else embed endif error if ifdef ifndef import include include_next line once pragma undef warning
""")
"""What stands behind ``#``, and ``defined``."""

CPP_KEYWORDS = C_KEYWORDS - {"restrict", "typeof", "typeof_unqual"} | _words("""
and and_eq bitand bitor catch char16_t char32_t char8_t class co_await co_return co_yield compl concept const_cast consteval constinit decltype
delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq operator or or_eq private protected public
reinterpret_cast requires static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq
""")
CPP_CONTEXTUAL = _words("final override import module")

CUDA_QUALIFIERS = (
    "__global__", "__device__", "__host__", "__shared__", "__constant__", "__managed__", "__grid_constant__", "__launch_bounds__",
    "__restrict__", "__forceinline__", "__noinline__", "__cluster_dims__", "__maxnreg__", "__align__",
)  # fmt: skip
"""Qualifiers of CUDA C++, the most used first."""

CUDA_BUILTINS = (
    "threadIdx", "blockIdx", "blockDim", "gridDim", "warpSize", "dim3", "__syncthreads", "__syncwarp", "__shfl_sync", "__shfl_down_sync",
    "__shfl_up_sync", "__shfl_xor_sync", "__ballot_sync", "__any_sync", "__all_sync", "__activemask", "__popc", "__ffs", "__clz", "__ldg",
    "__threadfence", "__threadfence_block", "__threadfence_system", "atomicAdd", "atomicSub", "atomicExch", "atomicMin", "atomicMax",
    "atomicInc", "atomicDec", "atomicCAS", "atomicAnd", "atomicOr", "atomicXor", "float2", "float3", "float4", "double2", "double3", "double4",
    "int2", "int3", "int4", "uint2", "uint3", "uint4", "make_float2", "make_float3", "make_float4", "make_double2", "make_int2", "make_int3", "make_int4",
    "make_uint2", "make_uint3", "make_uint4",
)  # fmt: skip
"""Variables, types and functions that device code has without any include."""

_FORTRAN_STATEMENTS = """
abstract allocatable allocate assign assignment associate asynchronous backspace bind block blockdata call case change character class close
codimension common complex concurrent contains contiguous continue critical cycle data deallocate default deferred dimension do double
doubleprecision doublewhile elemental else elseif elsewhere encode decode end endassociate endblock endblockdata endcritical enddo endenum endfile endforall
endfunction endif endinterface endmodule endprocedure endprogram endselect endsubmodule endsubroutine endteam endtype endwhere
entry enum enumerator enumeration equivalence error event exit extends external final flush forall form format function generic go goto if images
implicit import impure in include inout inquire integer intent interface intrinsic is kind len local local_init logical memory module
name namelist non_intrinsic non_overridable non_recursive none nopass notify nullify only open operator optional out parameter pass
pause pointer post precision print private procedure program protected public pure quiet rank read real recursive reduce result return rewind
rewrite save select selectcase selectrank selecttype sequence shared simple stop submodule subroutine sync target team then to type typeof classof
unlock lock unformatted formatted use value volatile wait where while write
"""
_FORTRAN_OPERATORS = "and eq eqv false ge gt le lt ne neqv nil not or true xor"
_FORTRAN_SPECIFIERS = """
access acquired_lock action advance blank decimal delim direct encoding eor err errmsg exist file fmt formatted id iolength iomsg iostat leading_zero
mold named new_index newunit nextrec nml number opened pad pending pos position readwrite rec recl round sequential sign size source stat
status stream team_number unformatted unit until_count
"""
FORTRAN_KEYWORDS = _words(_FORTRAN_STATEMENTS + _FORTRAN_OPERATORS + _FORTRAN_SPECIFIERS) - {"doublewhile"}
"""Of Fortran 2023: words of statements, dotted operators, specifiers of I/O and of ``allocate``; one word or two, as in ``enddo``."""

FORTRAN_FREQUENT = _words("""
program module subroutine function end call use only implicit none integer real double precision complex logical character dimension
parameter intent if then else do continue return allocate allocatable contains
""")
"""Of `FORTRAN_KEYWORDS` those that programs use most: what a tokenizer is measured on."""

FORTRAN_CONTEXTUAL = _words(
    _FORTRAN_SPECIFIERS
    + """
assign block change class common critical data default end entry enum enumeration error event exit final form format generic images import in
kind len local lock memory module name notify out pass pause pointer position post precision private program protected public quiet
rank reduce result rewrite sequence shared simple sync target team to type unlock value wait none is only images go use flush nil read write open close print
"""
)
"""Keywords that also serve as names of variables; where one stands as a variable that nothing declares, it isn't the keyword."""

FORTRAN_ARGUMENTS = _words("""
array back boundary cmdstat command count_max count_rate cptr dim distance errmsg exitstat fptr from frompos get harvest identity initial
ishift kind len lower mask matrix matrix_a matrix_b mold name ncopies operation order ordered pad pos put repeatable result_image
set shape shift size source stat string string_a string_b substring team team_number to topos trim_name tsource fsource upper value values
vector vector_a vector_b wait zone date time count field exponent re im
""")
"""Keywords of the arguments of intrinsic procedures, as in ``sum(a, dim=1)``, and the parts of a complex number behind ``%``."""
