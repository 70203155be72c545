"""Words and habits of people who write HPC code: names for arrays, sizes and functions, and a layout style.

`Names` hands out names that are unique within one function; `Style` is drawn once per function.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal


def _words(text: str) -> list[str]:
    return text.split()


ARRAYS = _words(
    "x y z u v w a b c p q r s f g rho phi psi eta temp temperature pressure density velocity energy flux grid field mass force pos vel "
    "acc weights values data src dst input output in out buf result mat vec signal samples pixels image residual rhs sol coeff diag "
    "field_old field_new tmp_field u_old u_new charge potential conc height_map depth table arr array hostData xs ys vx vy px py fx"
)
INDICES = _words("idx index map perm cols neighbor lookup ids order parent cell_id owner indices nbr")
SCALARS = _words(
    "alpha beta gamma dt dx scale factor omega eps tol lambda mu sigma threshold cutoff h kappa a0 c0 c1 weight shift bias coef nu "
    "theta learning_rate decay gain offset_value cfl k0 mean base val fac"
)
SIZES = _words("n N size len length count num num_elements nx npoints ncells n_particles dim total nelem nnodes numElements sz nvals")
ROWS = _words("rows m M nrows height ny numRows n_rows nr")
COLS = _words("cols n N ncols width nx numCols n_cols nc")
DEPTHS = _words("k K depth inner nk kdim ndim dims taps nz")
LOOPS = _words("i j k ii idx tid index t p q l")
ROW_LOOPS = _words("i row r iy y_idx j")
COL_LOOPS = _words("j col cc ix x_idx i")
INNER_LOOPS = _words("k kk l t d e m_i w_i")
ACCUMULATORS = _words("sum acc total s res result_val accum tally partial")
LOCALS = _words("tmp t0 val diff d left right xi cur elem aux v0 delta prod term")
INDEX_NAMES = _words(
    "idx index id ind pos offset k_idx cell loc at off p_idx out_index in_index i0 index_out linear addr here "
    "src_idx base_idx ii ij ijk num place"
)
VERBS = _words(
    "compute update apply calc init scale add eval process accumulate build advance transform relax filter set get run do fill project "
    "assemble combine correct"
)
NOUNS = _words(
    "flux velocity field array vector matrix grid energy density forces residual weights pressure cells particles image rows boundary "
    "state source gradient values laplacian norm system elements step buffer spectrum potential"
)
SUFFIXES = ("", "", "", "_cpu", "_cpu", "_cpu", "_seq", "_serial", "_ref", "_host", "CPU", "Cpu", "OnHost", "_c", "_kernel")


SIDES = _words(
    "rows cols m M height width ny nx numRows numCols h w channels batch filters spatial depth inner outer K L P Q "
    "dims size_x size_y groups "
    "stride pad step inc W H D C"
)
KEYWORDS = frozenset(
    _words(
        "if in do int for else char long goto case void auto enum float short while union break const return signed "
        "double sizeof static struct switch "
        "default inline extern register restrict unsigned volatile continue typedef new this class try catch throw "
        "delete operator template private "
        "public protected virtual friend using namespace and or not xor bool true false main abs fabs exp log sqrt pow "
        "sin cos tan tanh floor max min "
        "mod merge real int iand ior ieor call end if"
    )
)
"""Not a variable's name: a keyword of one of the languages, or a function that expressions call."""
RESERVED = KEYWORDS | frozenset(
    _words(
        "index add sub ceil div round select pause remove rename scale copy dot clamp erf fma fmax fmin fmod hypot "
        "logb remainder rint trunc signal "
        "time exit data function subroutine integer program module swap transpose reshape sum product shared device "
        "global host y0 y1 j0 j1 jn yn"
    )
)
"""Not a function's name: libraries have one."""


Braces = Literal["all", "lines", "few"]
Declare = Literal["inline", "loops", "all"]
_BRACES: list[Braces] = ["all", "all", "lines", "lines", "few"]
_DECLARE: list[Declare] = ["inline", "loops", "all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How one author lays out one function; the same for all sides of a pair."""

    indent: str
    allman: bool
    """Opening braces on their own line."""
    braces: Braces
    """Everywhere, not around single statements, or not around single loops and conditions either."""
    declare: Declare
    """Where variables are declared: where they are first used, loop variables at the top of the function, or all there, as C89 had it."""
    one_by_one: bool
    """A line for each variable that is declared at the top."""
    increment: str
    """``i++``, ``++i`` or ``i += 1``, with ``i`` for the variable."""
    compact: bool
    """No blanks around operators within indices and loop heads."""
    star: str
    """``* `` binds to the type, `` *`` to the name."""
    brackets: bool
    """Arrays are declared as ``x[]``."""
    merge: bool
    """Variables of one type that follow each other are declared in one statement."""
    const: bool
    const_scalars: bool
    index_type: str
    collapse: bool
    schedule: str
    number: int
    """How literals of real numbers are spelled."""


def draw_style(rng: Random) -> Style:
    """A style at random."""
    return Style(
        indent=rng.choice(["  ", "    ", "    ", "\t"]),
        allman=rng.random() < 0.25,
        braces=rng.choice(_BRACES),
        declare=rng.choices(_DECLARE, [60, 28, 12])[0],
        one_by_one=rng.random() < 0.4,
        increment=rng.choice(["i++", "i++", "i++", "i++", "++i", "++i", "i += 1"]),
        compact=rng.random() < 0.25,
        star=rng.choice([" *", " *", "* "] * 8 + [" *__restrict__ "]),
        brackets=rng.random() < 0.03,
        merge=rng.random() < 0.2,
        const=rng.random() < 0.35,
        const_scalars=rng.random() < 0.08,
        index_type=rng.choice(["int"] * 9 + ["long"]),
        collapse=rng.random() < 0.5,
        schedule=rng.choice(["", "", "", " schedule(static)"]),
        number=rng.randrange(4),
    )


class Names:
    """Draws names without repeating one (in any letter case) within a function."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def pick(self, words: list[str]) -> str:
        """A free word out of ``words``."""
        free = [w for w in words if w.lower() not in self._taken]
        if not free:
            free = [f"{w}{number}" for w in words for number in (1, 2, 3) if f"{w}{number}".lower() not in self._taken]
        word = self._rng.choice(free)
        self._taken.add(word.lower())
        return word

    def pick_near(self, word: str, words: list[str], own: float, prefix: str) -> str:
        """``word`` itself with a probability of ``own``, else one of ``words``; with a prefix where there is one."""
        near = f"{prefix}{word}" if prefix[-1:] == "_" else word
        if self._rng.random() < own and near.lower() not in self._taken and near.lower() not in KEYWORDS:
            self._taken.add(near.lower())
            return near
        return self.pick(words)

    def function(self, stems: list[str] | None = None) -> str:
        """A function name: one of ``stems`` alone or with a word, or two words, in one of the usual spellings."""
        verb, noun, suffix = self._rng.choice(VERBS), self._rng.choice(NOUNS), self._rng.choice(SUFFIXES)
        if stems and self._rng.random() < 0.7:
            stem = self._rng.choice(stems)
            name = self._rng.choice([stem, stem, self._spelled(stem, noun), self._spelled(verb, stem)])
        else:
            name = self._spelled(verb, noun)
        if name.lower() in self._taken or name in RESERVED:
            name = f"{name}_all"
        self._taken.add(name.lower())
        return f"{name}{suffix}"

    def _spelled(self, verb: str, noun: str) -> str:
        spelling = self._rng.randrange(4)
        if spelling == 0:
            return f"{verb}{noun.capitalize()}"
        if spelling == 1:
            return f"{noun}_{verb}"
        return f"{verb}_{noun}"
