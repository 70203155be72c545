"""What every template of the grammar draws from: names, types, values for tests, and expressions with a shape.

The shape of an expression (operators and kinds of leaves, without names) is one of the features that decide the split of a pair.
"""

from __future__ import annotations

from random import Random

from hpcraft.data import grammar_words as w
from hpcraft.data.grammar_code import Helper, Param, Range

SIZE_VALUES = ("0", "1", "2", "7", "33", "64", "101", "257", "1000")
SIDE_VALUES = ("1", "2", "3", "5", "8", "13", "17", "24")
SMALL_VALUES = ("1", "2", "3", "4")
FLOAT_VALUES = ("0.5", "-1.25", "2.0", "0.75", "3.5")
INT_VALUES = ("1", "2", "3", "5", "-4", "7")


class Draft:
    """One kernel under construction: names in use, parameters and features so far."""

    def __init__(self, rng: Random, template: str) -> None:
        self.rng = rng
        self.names = w.Names(rng)
        self.params: list[Param] = []
        self.features = [template]
        self.nonzero: set[str] = set()
        """Roles of real numbers that are never zero."""
        self.helpers: dict[str, Helper] = {}
        self.number = rng.randrange(4)
        self._once: dict[str, str] = {}
        self.real = rng.choice(["float", "double", "double"])
        self.ctype = self.real if rng.random() < 0.8 else rng.choice(["int", "int", "long"])

    @property
    def floating(self) -> bool:
        """Whether the element type is a floating-point type."""
        return self.ctype in ("float", "double")

    def feature(self, *choices: str) -> str:
        """Draw a structural choice and remember it."""
        choice = self.rng.choice(choices)
        if choice:
            self.features.append(choice)
        return choice

    def once(self, name: str, *choices: str) -> str:
        """A habit that is drawn once for a kernel."""
        if name not in self._once:
            self._once[name] = self.rng.choice(choices)
        return self._once[name]

    def literal(self, text: str) -> str:
        """A number of the element type in the author's spelling; integers have no fractions."""
        if self.ctype not in ("float", "double"):
            return str(max(int(float(text)), 1) if float(text) else 0)
        if "." not in text and "e" not in text and self.rng.random() < 0.5:
            return text
        plain = text if "." in text or "e" in text else f"{text}{self.rng.choice(['.0', '.0', '.'])}"
        if plain.startswith("0.") and len(plain) > 2 and self.number == 3:
            plain = plain[1:]
        if self.ctype == "double":
            return plain
        return f"{plain}{['f', 'f', '', 'f'][self.number]}"

    def size(self, words: list[str] = w.SIZES, values: tuple[str, ...] = SIZE_VALUES) -> str:
        """A new size parameter."""
        return self._scalar(words, "int", values)

    def scalar(self, ctype: str = "") -> str:
        """A new scalar parameter that expressions may use."""
        ctype = ctype or self.ctype
        return self._scalar(w.SCALARS, ctype, FLOAT_VALUES if ctype in ("float", "double") else INT_VALUES)

    def array(self, length: str, access: str = "in", *, ctype: str = "", bound: str = "", words: list[str] = w.ARRAYS) -> str:
        """A new array parameter."""
        name = self.names.pick(words)
        self.params.append(Param(name=name, ctype=ctype or self.ctype, length=length, access=access, bound=bound))  # type: ignore[arg-type]
        return name

    def local(self, words: list[str] = w.LOCALS) -> str:
        """A name for a local variable."""
        return self.names.pick(words)

    def loop(self, high: str, *, low: str = "0", step: str = "1", words: list[str] = w.LOOPS, plain: bool = False) -> Range:
        """The head of a loop with a new variable."""
        form = "up" if plain or step != "1" else self.rng.choice(["up"] * 6 + ["inclusive", "down"])
        return Range(var=self.names.pick(words), low=low, high=high, step=step, form=form)  # type: ignore[arg-type]

    def ordered(self) -> tuple[Param, ...]:
        """The parameters in one of the usual orders: scalars first, arrays first, or as they came."""
        order = self.rng.randrange(3)
        if order == 0:
            return tuple(sorted(self.params, key=lambda p: p.is_array))
        if order == 1:
            return tuple(sorted(self.params, key=lambda p: not p.is_array))
        return tuple(self.params)

    def constant(self) -> str:
        """A literal of the element type."""
        if self.ctype == "float":
            return self.rng.choice(["0.5f", "2.0f", "1.0f", "0.25f", "3.0f", "1.5f"])
        if self.ctype == "double":
            return self.rng.choice(["0.5", "2.0", "1.0", "0.25", "3.0", "4.0", "1.5", "0.1"])
        return self.rng.choice(["1", "2", "3", "4", "5", "7"])

    def expression(self, leaves: list[str], *, extra: int = 1) -> str:
        """An expression that uses every leaf once, and up to ``extra`` constants; its shape becomes a feature."""
        terms = [(leaf, "a" if "[" in leaf else "s") for leaf in leaves]
        terms += [(self.constant(), "c") for _ in range(self.rng.randint(0, extra))]
        self.rng.shuffle(terms)
        while len(terms) > 1:
            at = self.rng.randrange(len(terms) - 1)
            (left, lshape), (right, rshape) = terms[at], terms[at + 1]
            op = self.rng.choice(["+", "*", "*", "-", "+"])
            if op != "+":
                left, right = closed(left, op), closed(right, op)
            terms[at : at + 2] = [(f"{left} {op} {right}", f"{op}{lshape}{rshape}")]
        text, shape = terms[0]
        if self.floating and self.rng.random() < 0.2:
            text, shape = self._function(text, shape)
        self.features.append(shape)
        return text

    def _function(self, text: str, shape: str) -> tuple[str, str]:
        suffix = "f" if self.ctype == "float" else ""
        one = "1.0f" if suffix else "1.0"
        name = self.rng.choice(["fabs", "sqrt", "square", "recip", "exp", "cos"])
        if name == "sqrt":
            return f"sqrt{suffix}(fabs{suffix}({text}))", f"Q{shape}"
        if name == "square":
            return f"({text}) * ({text})", f"S{shape}"
        if name == "recip":
            return f"{one} / ({one} + fabs{suffix}({text}))", f"R{shape}"
        if name == "exp":
            return f"exp{suffix}(-fabs{suffix}({text}))", f"E{shape}"
        return f"{name}{suffix}({text})", f"{name[0].upper()}{shape}"

    def _scalar(self, words: list[str], ctype: str, values: tuple[str, ...]) -> str:
        name = self.names.pick(words)
        self.params.append(Param(name=name, ctype=ctype, values=values))
        return name


def closed(text: str, op: str) -> str:
    """``text`` in parentheses where ``op`` would otherwise take it apart."""
    depth = 0
    for position, character in enumerate(text):
        depth += character in "(["
        depth -= character in ")]"
        if depth == 0 and character == " " and text[position + 1] in "+-":
            return f"({text})"
    return f"({text})" if text.startswith("-") and op == "-" else text
