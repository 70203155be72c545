"""Templates whose iterations are independent: maps, gathers, stencils, conditions, strides, transposes.

Each function draws one kernel; the table `MAPS` lists them by template name.
"""

from __future__ import annotations

from collections.abc import Callable

from hpcraft.data import grammar_words as w
from hpcraft.data.grammar_code import For, If, Kernel, Let, Line, Node, Parallel, Range, mentioned, words
from hpcraft.data.grammar_draft import SIDE_VALUES, SMALL_VALUES, Draft


def kernel(draft: Draft, body: tuple[Node, ...], result: str = "void") -> Kernel:
    """The finished kernel; parameters that nothing mentions are dropped."""
    used = mentioned(body)
    for p in draft.params:
        used |= words(f"{p.length} {p.bound}") if p.name in used else set()
    params = tuple(p for p in draft.ordered() if p.name in used)
    return Kernel(name=draft.names.function(), params=params, body=body, result=result, features=tuple(draft.features))


def element_map(d: Draft) -> Kernel:
    """y[i] = f(x[i], ...), plain, in place or compound, over n elements or from a start."""
    n = d.size()
    mode = d.feature("", "inplace", "compound")
    inputs = [d.array(n) for _ in range(d.rng.randint(0 if mode else 1, 3))]
    out = d.array(n, "inout" if mode else "out")
    scalars = [d.scalar() for _ in range(d.rng.choice([0, 1, 1, 2] if inputs else [1, 2]))]
    head = d.loop(n)
    i = head.var
    leaves = [f"{x}[{i}]" for x in inputs] + scalars + ([f"{out}[{i}]"] if mode == "inplace" else [])
    operator = d.feature("+=", "-=", "*=") if mode == "compound" else "="
    statement = f"{out}[{i}] {operator} {d.expression(leaves)};"
    local = d.feature("", "", "local")
    body: tuple[Node, ...] = (Line(statement),)
    if local:
        t = d.local()
        body = (Let(d.ctype, t, statement.partition(f" {operator} ")[2].rstrip(";")), Line(f"{out}[{i}] {operator} {t};"))
    return kernel(d, (Parallel(heads=(head,), body=body),))


def fill(d: Draft) -> Kernel:
    """Constants, index functions and chained assignments."""
    n = d.size()
    what = d.feature("constant", "scalar", "iota", "chain", "alternate")
    out = d.array(n, "out")
    head = d.loop(n)
    i = head.var
    if what == "chain":
        others = [d.array(n, "out") for _ in range(d.rng.randint(1, 2))]
        value = d.scalar() if d.rng.random() < 0.5 else d.constant()
        text = " = ".join(f"{name}[{i}]" for name in [out, *others]) + f" = {value};"
    elif what == "iota":
        cast = f"({d.ctype}){i}" if d.floating and d.rng.random() < 0.5 else i
        text = f"{out}[{i}] = {d.expression([cast, d.scalar()])};"
    elif what == "alternate":
        text = f"{out}[{i}] = ({i} % 2 == 0) ? {d.scalar()} : {d.constant()};"
    else:
        text = f"{out}[{i}] = {d.scalar() if what == 'scalar' else d.constant()};"
    return kernel(d, (Parallel(heads=(head,), body=(Line(text),)),))


def condition(d: Draft) -> Kernel:
    """Clamp, threshold, mask, select and guards within a map."""
    n = d.size()
    x, out = d.array(n), d.array(n, "inout")
    head = d.loop(n)
    i = head.var
    limit = d.scalar()
    what = d.feature("ifelse", "guard", "ternary", "clamp", "mask", "continue", "modulo")
    test = f"{x}[{i}] {d.feature('>', '<', '>=', '<=')} {limit}"
    value = d.expression([f"{x}[{i}]", *([f"{out}[{i}]"] if d.rng.random() < 0.4 else []), *([d.scalar()] if d.rng.random() < 0.3 else [])])
    assign = Line(f"{out}[{i}] = {value};")
    other = Line(f"{out}[{i}] = {d.constant()};")
    body: tuple[Node, ...]
    if what == "ifelse":
        body = (If(test, (assign,), (other,)),)
    elif what == "guard":
        body = (If(test, (assign,)),)
    elif what == "ternary":
        body = (Line(f"{out}[{i}] = {test} ? {value} : {d.constant()};"),)
    elif what == "clamp":
        body = (
            If(f"{out}[{i}] > {limit}", (Line(f"{out}[{i}] = {limit};"),)),
            If(f"{out}[{i}] < {x}[{i}]", (Line(f"{out}[{i}] = {x}[{i}];"),)),
        )
    elif what == "mask":
        mask = d.array(n, ctype="int", bound="2", words=["mask", "flags", "active", "marker", "is_boundary"])
        body = (If(d.rng.choice([f"{mask}[{i}]", f"{mask}[{i}] == 1", f"{mask}[{i}] != 0"]), (assign,)),)
    elif what == "continue":
        body = (If(test, (Line("continue;"),)), assign)
    else:
        body = (If(f"{i} % {d.rng.choice('234')} == 0", (assign,), (other,)),)
    return kernel(d, (Parallel(heads=(head,), body=body),))


def gather(d: Draft) -> Kernel:
    """Reads through an index array."""
    n, m = d.size(), d.size(["num_nodes", "table_size", "range", "num_values", "nodes"], ("1", "3", "16", "50"))
    x, index, out = d.array(m), d.array(n, ctype="int", bound=m, words=w.INDICES), d.array(n, d.rng.choice(["out", "inout"]))
    head = d.loop(n)
    i = head.var
    leaves = [f"{x}[{index}[{i}]]"] + ([d.scalar()] if d.rng.random() < 0.5 else [])
    if d.rng.random() < 0.3:
        leaves.append(f"{d.array(n)}[{i}]")
    value = d.expression(leaves)
    if d.feature("", "local"):
        t = d.local(["j", "src_id", "col", "at", "node"])
        value = value.replace(f"{index}[{i}]", t)
        return kernel(d, (Parallel(heads=(head,), body=(Let("int", t, f"{index}[{i}]"), Line(f"{out}[{i}] = {value};"))),))
    return kernel(d, (Parallel(heads=(head,), body=(Line(f"{out}[{i}] {d.feature('=', '+=')} {value};"),)),))


def stencil_1d(d: Draft) -> Kernel:
    """Neighbours of each interior point, with or without guarded ends."""
    n = d.size(values=("1", "2", "3", "10", "65", "200", "1000"))
    u, v = d.array(n), d.array(n, "inout")
    guarded = d.feature("", "", "guarded")
    reach = d.rng.choice([1, 1, 2])
    d.features.append(f"reach{reach}")
    head = d.loop(n) if guarded else d.loop(f"{n} - {reach}", low=str(reach))
    i = head.var
    leaves = [f"{u}[{i} - {reach}]", f"{u}[{i} + {reach}]", *d.rng.choice([[], [f"{u}[{i}]"]])]
    leaves += [d.scalar()] if d.rng.random() < 0.5 else []
    body: tuple[Node, ...] = (Line(f"{v}[{i}] = {d.expression(leaves)};"),)
    if guarded:
        rest = (Line(f"{v}[{i}] = {u}[{i}];"),) if d.rng.random() < 0.6 else ()
        body = (If(f"{i} >= {reach} && {i} < {n} - {reach}", body, rest),)
    return kernel(d, (Parallel(heads=(head,), body=body),))


def grid(d: Draft, *, low: str = "0") -> tuple[str, str, Range, Range]:
    """Rows, columns and two loops over a grid, the border left out when ``low`` is 1."""
    rows, cols = d.size(w.ROWS, SIDE_VALUES), d.size(w.COLS, SIDE_VALUES)
    high = "" if low == "0" else f" - {low}"
    outer = d.loop(rows + high, low=low, words=w.ROW_LOOPS, plain=True)
    return rows, cols, outer, d.loop(cols + high, low=low, words=w.COL_LOOPS, plain=True)


def stencil_2d(d: Draft) -> Kernel:
    """Five-point updates on a grid in a flat array."""
    rows, cols, outer, inner = grid(d, low="1")
    u, v = d.array(f"{rows} * {cols}"), d.array(f"{rows} * {cols}", "inout")
    i, j = outer.var, inner.var
    here = f"{i} * {cols} + {j}"
    around = [f"{u}[({i} - 1) * {cols} + {j}]", f"{u}[({i} + 1) * {cols} + {j}]", f"{u}[{here} - 1]", f"{u}[{here} + 1]"]
    what = d.feature("average", "laplace", "partial")
    if what == "average":
        value = f"{d.rng.choice(['0.25f' if d.ctype == 'float' else '0.25' if d.floating else '2'])} * ({' + '.join(around)})"
    elif what == "laplace":
        value = f"{u}[{here}] + {d.scalar()} * ({' + '.join(around)} - 4 * {u}[{here}])"
    else:
        value = d.expression([*d.rng.sample(around, 2), d.scalar()])
    body: tuple[Node, ...] = (Line(f"{v}[{here}] = {value};"),)
    if d.feature("", "index"):
        t = d.local(["id", "cell", "pos_id", "offset", "linear", "c_idx"])
        body = (Let("int", t, here), Line(f"{v}[{t}] = {value.replace(here, t)};"))
    return kernel(d, (Parallel(heads=(outer, inner), body=body),))


def grid_map(d: Draft) -> Kernel:
    """Maps and transposes over rows and columns, nested or flattened."""
    rows, cols, outer, inner = grid(d)
    a, i, j = d.array(f"{rows} * {cols}"), outer.var, inner.var
    what = d.feature("map", "transpose", "rowvec", "colvec", "flip", "outer")
    here, out = f"{i} * {cols} + {j}", d.array(f"{rows} * {cols}", "out")
    source, to = f"{a}[{here}]", f"{out}[{here}]"
    leaves = [source]
    if what == "transpose":
        to = f"{out}[{j} * {rows} + {i}]"
    elif what == "flip":
        leaves = [f"{a}[{i} * {cols} + {cols} - 1 - {j}]"]
    elif what in ("rowvec", "outer"):
        leaves = [source, f"{d.array(cols)}[{j}]"]
    if what in ("colvec", "outer"):
        leaves.append(f"{d.array(rows)}[{i}]")
    leaves += [d.scalar()] if d.rng.random() < 0.3 else []
    value = leaves[0] if len(leaves) == 1 and d.rng.random() < 0.5 else d.expression(leaves)
    if d.feature("", "", "flat"):
        flat = d.loop(f"{rows} * {cols}", words=["tid", "idx", "index", "p", "e"], plain=True)
        lets = (Let("int", i, f"{flat.var} / {cols}"), Let("int", j, f"{flat.var} % {cols}"))
        return kernel(d, (Parallel(heads=(flat,), body=(*lets, Line(f"{to} = {value};"))),))
    return kernel(d, (Parallel(heads=(outer, inner), body=(Line(f"{to} = {value};"),)),))


def strided(d: Draft) -> Kernel:
    """Loops with a step, arrays with a stride, and ranges that don't begin at zero."""
    n = d.size()
    what = d.feature("step", "increment", "range", "offset", "interleaved", "constant_step")
    if what in ("step", "constant_step"):
        s = d.size(["stride", "step", "inc", "skip"], SMALL_VALUES) if what == "step" else d.rng.choice("234")
        x, y = d.array(n), d.array(n, "inout")
        head = d.loop(n, step=s, low=d.rng.choice(["0", "0", "1"]))
        ix = iy = head.var
    elif what == "increment":
        incx, incy = (d.size(words, SMALL_VALUES) for words in (["incx", "stride_x", "ldx"], ["incy", "stride_y", "ldy"]))
        x, y, head = d.array(f"{n} * {incx}"), d.array(f"{n} * {incy}", "inout"), d.loop(n)
        ix, iy = f"{head.var} * {incx}", f"{head.var} * {incy}"
    elif what == "range":
        first = d.size(["start", "begin", "first", "lo", "ibeg"], ("0", "1", "2"))
        x, y = d.array(f"{first} + {n}"), d.array(f"{first} + {n}", "inout")
        head = d.loop(f"{first} + {n}", low=first, plain=True)
        ix = iy = head.var
    elif what == "offset":
        k = d.size(["offset", "shift_by", "lag", "pad", "halo"], SMALL_VALUES)
        x, y, head = d.array(f"{n} + {k}"), d.array(n, "out"), d.loop(n)
        ix, iy = f"{head.var} + {k}", head.var
    else:
        x, y, head = d.array(f"3 * {n}"), d.array(n, "out"), d.loop(n)
        parts = [f"{x}[3 * {head.var}]", f"{x}[3 * {head.var} + 1]", f"{x}[3 * {head.var} + 2]"]
        return kernel(d, (Parallel(heads=(head,), body=(Line(f"{y}[{head.var}] = {d.expression(parts)};"),)),))
    operator = d.feature("=", "+=")
    return kernel(d, (Parallel(heads=(head,), body=(Line(f"{y}[{iy}] {operator} {d.expression([f'{x}[{ix}]', d.scalar()])};"),)),))


def several(d: Draft) -> Kernel:
    """Helper scalars, several statements in a body, several loops in a row."""
    n = d.size()
    what = d.feature("statements", "loops", "helpers", "swap", "guarded")
    a, b = d.array(n, "inout"), d.array(n, "inout")
    c, s = d.array(n), d.scalar()
    h1, h2 = d.loop(n), d.loop(n)
    i = h1.var
    first = f"{a}[{i}] = {d.expression([f'{c}[{i}]', s])};"
    second = f"{b}[{i}] = {d.expression([f'{a}[{i}]', f'{b}[{i}]'])};"
    if what == "loops":
        again = Parallel(heads=(h2,), body=(Line(second.replace(f"[{i}]", f"[{h2.var}]")),))
        return kernel(d, (Parallel(heads=(h1,), body=(Line(first),)), again))
    if what == "swap":
        t = d.local()
        return kernel(
            d, (Parallel(heads=(h1,), body=(Let(d.ctype, t, f"{a}[{i}]"), Line(f"{a}[{i}] = {b}[{i}];"), Line(f"{b}[{i}] = {t};"))),)
        )
    if what == "helpers":
        t, u = d.local(), d.local()
        lets = (Let(d.ctype, t, d.expression([s])), Let(d.ctype, u, d.expression([t, d.scalar()])))
        return kernel(d, (*lets, Parallel(heads=(h1,), body=(Line(first.replace(s, t)), Line(f"{b}[{i}] += {u} * {a}[{i}];")))))
    nest = Parallel(heads=(h1,), body=(Line(first), Line(second)))
    if what == "guarded":
        return kernel(d, (If(f"{s} > {'0.0' if d.floating else '0'}", (nest,)),))
    return kernel(d, (nest,))


def casts(d: Draft) -> Kernel:
    """Conversions between types."""
    n, head_words = d.size(), w.LOOPS
    what = d.feature("int_to_real", "real_to_int", "narrow", "index_to_real")
    d.ctype = d.real
    other = {"int_to_real": "int", "real_to_int": d.real, "narrow": "double", "index_to_real": d.real}[what]
    x = d.array(n, ctype=other)
    out = d.array(n, "out", ctype="int" if what == "real_to_int" else "float" if what == "narrow" else d.real)
    head = d.loop(n, words=head_words)
    i = head.var
    if what == "int_to_real":
        value = d.expression([f"({d.real}){x}[{i}]", d.scalar()])
    elif what == "real_to_int":
        value = f"(int)({d.expression([f'{x}[{i}]', d.scalar()])})"
    elif what == "narrow":
        d.ctype = "double"
        value = f"(float)({d.expression([f'{x}[{i}]', d.scalar()])})"
    else:
        value = d.expression([f"({d.real}){i}", f"{x}[{i}]", d.scalar()])
    return kernel(d, (Parallel(heads=(head,), body=(Line(f"{out}[{i}] = {value};"),)),))


def box_filter(d: Draft) -> Kernel:
    """A window around each element, clipped at the ends."""
    n = d.size(values=("1", "2", "7", "33", "101", "300"))
    r = d.size(["radius", "halfwidth", "r", "half", "reach"], SMALL_VALUES)
    x, out = d.array(n), d.array(n, "out")
    weights = d.array(f"2 * {r} + 1", words=["filter", "kernel_w", "taps", "stencil", "wts"]) if d.feature("", "weighted") else ""
    head, k = d.loop(n), d.names.pick(w.INNER_LOOPS)
    acc, at = d.local(w.ACCUMULATORS), d.local(["pos_k", "jj", "nb", "where"])
    i = head.var
    product = f"{x}[{at}] * {weights}[{k} + {r}]" if weights else f"{x}[{at}]"
    inner = (Let("int", at, f"{i} + {k}"), If(f"{at} >= 0 && {at} < {n}", (Line(f"{acc} += {product};"),)))
    loop = For(Range(var=k, low=f"-{r}", high=f"{r} + 1", form=d.rng.choice(["up", "inclusive"])), inner)
    return kernel(d, (Parallel(heads=(head,), body=(Let(d.ctype, acc, "0"), loop, Line(f"{out}[{i}] = {acc};"))),))


MAPS: dict[str, Callable[[Draft], Kernel]] = {
    "map": element_map,
    "fill": fill,
    "condition": condition,
    "gather": gather,
    "stencil1d": stencil_1d,
    "stencil2d": stencil_2d,
    "gridmap": grid_map,
    "strided": strided,
    "several": several,
    "casts": casts,
    "window": box_filter,
}
