"""Templates with reductions or with sequential loops inside: sums, dot products, matrices, neighbours, while loops, time steps.

Each function draws one kernel; the table `NESTS` lists them by template name.
"""

from __future__ import annotations

from collections.abc import Callable

from hpcraft.data import grammar_words as w
from hpcraft.data.grammar_code import For, If, Kernel, Let, Line, Node, Parallel, Param, Range, Reduce, While
from hpcraft.data.grammar_draft import SIDE_VALUES, SMALL_VALUES, Draft
from hpcraft.data.grammar_maps import grid, kernel


def _deliver(d: Draft, acc: str, nodes: tuple[Node, ...], value: str = "") -> Kernel:
    """A scalar result as return value or through a pointer."""
    value = value or acc
    if d.feature("", "pointer"):
        name = d.names.pick(["result", "out", "total_out", "sum_out", "norm", "answer", "res_ptr"])
        d.params.append(Param(name=name, ctype=d.ctype, length="1", access="host"))
        place = d.rng.choice([f"*{name}", f"{name}[0]"])
        return kernel(d, (*nodes, Line(f"{place} = {value};")))
    return kernel(d, (*nodes, Line(f"return {value};")), result=d.ctype)


def reduction(d: Draft) -> Kernel:
    """Sums, products, extremes and counts over one loop."""
    n = d.size()
    what = d.feature("sum", "sum", "dot", "squares", "max", "min", "count", "norm1", "mapped", "conditional", "distance")
    if what == "count" or (what in ("norm1",) and not d.floating):
        d.ctype = "int" if what == "count" else d.real
    xtype = d.real if what == "count" else d.ctype
    x = d.array(n, ctype=xtype)
    acc = d.local(w.ACCUMULATORS)
    head = d.loop(n, plain=True)
    xi = f"{x}[{head.var}]"
    start, op = d.constant() if d.rng.random() < 0.1 else "0" if not d.floating else d.rng.choice(["0", "0.0"]), "+"
    body: tuple[Node, ...] = (Line(f"{acc} += {xi};"),)
    if what in ("dot", "distance"):
        yi = f"{d.array(n)}[{head.var}]"
        body = (Line(f"{acc} += {xi} * {yi};" if what == "dot" else f"{acc} += ({xi} - {yi}) * ({xi} - {yi});"),)
    elif what == "squares":
        body = (Line(f"{acc} += {xi} * {xi};"),)
    elif what in ("max", "min"):
        op, sign = what, ">" if what == "max" else "<"
        start = d.rng.choice(["-1000", "-100"]) if what == "max" else d.rng.choice(["1000", "100"])
        body = (If(f"{xi} {sign} {acc}", (Line(f"{acc} = {xi};"),)),)
        if d.rng.random() < 0.3:
            body = (Line(f"{acc} = {xi} {sign} {acc} ? {xi} : {acc};"),)
    elif what in ("count", "conditional"):
        limit = d.scalar(xtype)
        body = (If(f"{xi} {d.feature('>', '<')} {limit}", (Line(f"{acc}++;" if what == "count" else f"{acc} += {xi};"),)),)
    elif what == "norm1":
        body = (Line(f"{acc} += {'fabsf' if d.ctype == 'float' else 'fabs'}({xi});"),)
    elif what == "mapped":
        body = (Line(f"{acc} += {d.expression([xi, d.scalar()])};"),)
    nest = Parallel(heads=(head,), body=body, reduce=Reduce(op=op, name=acc, ctype=d.ctype))  # type: ignore[arg-type]
    value = ""
    if what in ("squares", "distance") and d.floating and d.feature("", "root"):
        value = f"sqrt{'f' if d.ctype == 'float' else ''}({acc})"
    return _deliver(d, acc, (Let(d.ctype, acc, start), nest), value)


def normalise(d: Draft) -> Kernel:
    """A reduction whose result a second loop uses."""
    d.ctype = d.real
    n = d.size()
    x = d.array(n, "inout")
    acc, h1, h2 = d.local(w.ACCUMULATORS), d.loop(n, plain=True), d.loop(n)
    what = d.feature("total", "square", "mean")
    term = f"{x}[{h1.var}] * {x}[{h1.var}]" if what == "square" else f"{x}[{h1.var}]"
    nest = Parallel(heads=(h1,), body=(Line(f"{acc} += {term};"),), reduce=Reduce(op="+", name=acc, ctype=d.ctype))
    bottom = {"total": f"(1 + {acc} * {acc})", "square": f"(1 + {acc})", "mean": n}[what]
    use = f"{x}[{h2.var}] = {x}[{h2.var}] - {acc} / {n};" if what == "mean" else f"{x}[{h2.var}] /= {bottom};"
    if d.feature("", "inverse") and what != "mean":
        t = d.local(["inv", "factor_loc", "rnorm"])
        middle: tuple[Node, ...] = (Let(d.ctype, t, f"1 / {bottom}"),)
        use = f"{x}[{h2.var}] *= {t};" if d.feature("", "spelled") else f"{x}[{h2.var}] = {x}[{h2.var}] * {t};"
    else:
        middle = ()
    return kernel(d, (Let(d.ctype, acc, "0"), nest, *middle, Parallel(heads=(h2,), body=(Line(use),))))


def row_reduction(d: Draft) -> Kernel:
    """One result for each row or column of a matrix: products with a vector, sums, extremes, norms."""
    rows, cols = d.size(w.ROWS, SIDE_VALUES), d.size(w.COLS, SIDE_VALUES)
    what = d.feature("matvec", "matvec_t", "matvec_add", "rowsum", "colsum", "rowmax", "argmax", "mean", "norm2")
    by_column = what in ("matvec_t", "colsum")
    a = d.array(f"{rows} * {cols}")
    head = d.loop(cols if by_column else rows, words=w.ROW_LOOPS)
    k = d.loop(rows if by_column else cols, words=w.COL_LOOPS)
    i, j = head.var, k.var
    aij = f"{a}[{j} * {cols} + {i}]" if by_column else f"{a}[{i} * {cols} + {j}]"
    length = cols if by_column else rows
    acc = d.local(w.ACCUMULATORS)
    if what == "argmax":
        out, best = d.array(length, "out", ctype="int"), d.local(["best", "arg", "imax", "winner"])
        plain = Range(var=j, low="1", high=k.high)
        inner = For(plain, (If(f"{aij} > {acc}", (Line(f"{acc} = {aij};"), Line(f"{best} = {j};"))),))
        body: tuple[Node, ...] = (Let(d.ctype, acc, f"{a}[{i} * {cols}]"), Let("int", best, "0"), inner, Line(f"{out}[{i}] = {best};"))
        return kernel(d, (Parallel(heads=(head,), body=body),))
    if what == "rowmax":
        inner = For(Range(var=j, low="1", high=k.high), (If(f"{aij} > {acc}", (Line(f"{acc} = {aij};"),)),))
        body = (Let(d.ctype, acc, f"{a}[{i} * {cols}]"), inner, Line(f"{d.array(length, 'out')}[{i}] = {acc};"))
        return kernel(d, (Parallel(heads=(head,), body=body),))
    term = f"{aij} * {aij}" if what == "norm2" else aij
    if what.startswith("matvec"):
        term = f"{aij} * {d.array(rows if by_column else cols)}[{j}]"
    out = d.array(length, "inout" if what == "matvec_add" else "out")
    value = {"mean": f"{acc} / {cols}", "norm2": acc, "matvec_add": f"{d.scalar()} * {acc} + {out}[{i}]"}.get(what, acc)
    if what in ("rowsum", "colsum", "matvec") and d.feature("", "direct"):
        direct = (Line(f"{out}[{i}] = 0;"), For(k, (Line(f"{out}[{i}] += {term};"),)))
        return kernel(d, (Parallel(heads=(head,), body=direct),))
    body = (Let(d.ctype, acc, "0"), For(k, (Line(f"{acc} += {term};"),)), Line(f"{out}[{i}] = {value};"))
    return kernel(d, (Parallel(heads=(head,), body=body),))


def matmul(d: Draft) -> Kernel:
    """Matrix products, with either factor transposed, added to or replacing the result."""
    rows, cols, outer, inner = grid(d)
    depth = d.size(w.DEPTHS, SIDE_VALUES)
    k = d.loop(depth, words=["k", "kk", "l", "t", "e"])
    i, j = outer.var, inner.var
    what = d.feature("nn", "nt", "tn", "accumulate", "scaled")
    a = d.array(f"{depth} * {rows}" if what == "tn" else f"{rows} * {depth}", words=["A", "a", "mat_a", "lhs", "M1", "first"])
    b = d.array(f"{cols} * {depth}" if what == "nt" else f"{depth} * {cols}", words=["B", "b", "mat_b", "rhs", "M2", "second"])
    c = d.array(f"{rows} * {cols}", "inout", words=["C", "c", "mat_c", "out", "result", "prod"])
    left = f"{a}[{k.var} * {rows} + {i}]" if what == "tn" else f"{a}[{i} * {depth} + {k.var}]"
    right = f"{b}[{j} * {depth} + {k.var}]" if what == "nt" else f"{b}[{k.var} * {cols} + {j}]"
    to = f"{c}[{i} * {cols} + {j}]"
    if what == "accumulate" and d.feature("", "direct"):
        return kernel(d, (Parallel(heads=(outer, inner), body=(For(k, (Line(f"{to} += {left} * {right};"),)),)),))
    acc = d.local(w.ACCUMULATORS)
    last = {"accumulate": f"{to} += {acc};", "scaled": f"{to} = {d.scalar()} * {acc};"}.get(what, f"{to} = {acc};")
    body = (Let(d.ctype, acc, "0"), For(k, (Line(f"{acc} += {left} * {right};"),)), Line(last))
    return kernel(d, (Parallel(heads=(outer, inner), body=body),))


def neighbours(d: Draft) -> Kernel:
    """All pairs, nearest centres, and sparse rows of fixed width."""
    d.ctype = d.real
    n = d.size(values=("1", "2", "7", "33", "64", "120"))
    what = d.feature("pairs", "nearest", "ell", "bins")
    head, acc = d.loop(n, plain=True), d.local(w.ACCUMULATORS)
    i = head.var
    if what == "ell":
        width = d.size(["width", "max_nnz", "per_row", "nz_row"], SMALL_VALUES)
        k = d.loop(width, words=w.INNER_LOOPS)
        col = d.array(f"{n} * {width}", ctype="int", bound=n, words=w.INDICES)
        val, x, y = d.array(f"{n} * {width}"), d.array(n), d.array(n, "out")
        at = f"{i} * {width} + {k.var}"
        inner = For(k, (Line(f"{acc} += {val}[{at}] * {x}[{col}[{at}]];"),))
        return kernel(d, (Parallel(heads=(head,), body=(Let(d.ctype, acc, "0"), inner, Line(f"{y}[{i}] = {acc};"))),))
    if what == "bins":
        m, label = d.size(["nbins", "classes", "nkeys"], ("1", "3", "8")), d.names.pick(["key", "label", "bin", "cls"])
        d.params = [p for p in d.params if p.name != n]
        d.params.append(Param(name=n, ctype="int", values=("1", "7", "64", "300")))
        keys, out = d.array(n, ctype="int", bound=m, words=["labels", "keys", "bins", "category"]), d.array(m, "out", ctype="int")
        scan = d.loop(n, words=w.INNER_LOOPS)
        inner = For(scan, (If(f"{keys}[{scan.var}] == {label}", (Line(f"{acc}++;"),)),))
        outer = Range(var=label, high=m)
        return kernel(d, (Parallel(heads=(outer,), body=(Let("int", acc, "0"), inner, Line(f"{out}[{label}] = {acc};"))),))
    m = d.size(["m", "ncenters", "num_points", "others"], ("1", "2", "5", "16"))
    k = d.loop(m, words=["j", "k", "c_i", "q"], plain=True)
    x, y, t = d.array(n), d.array(m), d.local(["dist", "dx_", "r", "delta"])
    let = Let(d.ctype, t, f"{x}[{i}] - {y}[{k.var}]")
    if what == "nearest":
        best, out = d.local(["best", "arg", "winner"]), d.array(n, "out", ctype="int")
        inner = For(k, (let, If(f"{t} * {t} < {acc}", (Line(f"{acc} = {t} * {t};"), Line(f"{best} = {k.var};")))))
        body: tuple[Node, ...] = (Let(d.ctype, acc, "1e6"), Let("int", best, "0"), inner, Line(f"{out}[{i}] = {best};"))
    else:
        out = d.array(n, "out")
        inner = For(k, (let, Line(f"{acc} += {d.rng.choice([f'{t} * {t}', f'1 / (1 + {t} * {t})', f'{t} / ({t} * {t} + 1)'])};")))
        body = (Let(d.ctype, acc, "0"), inner, Line(f"{out}[{i}] = {acc};"))
    return kernel(d, (Parallel(heads=(head,), body=body),))


def while_inside(d: Draft) -> Kernel:
    """A while loop or a counted recurrence for each element."""
    n, head_words = d.size(), w.LOOPS
    what = d.feature("halve", "collatz", "newton", "horner", "power", "gcd", "bits")
    if what in ("newton", "horner", "halve"):
        d.ctype = d.real
    else:
        d.ctype = "int"
    x = d.array(n, bound="" if d.floating else "40")
    out, head = d.array(n, "out", ctype="int" if what in ("halve", "collatz", "bits") else d.ctype), d.loop(n, words=head_words)
    i, v, c = head.var, d.local(["v", "value", "cur", "xk"]), d.local(["count", "steps", "it", "nb"])
    body: tuple[Node, ...]
    if what == "halve":
        loop = While(f"{v} > {d.rng.choice(['0.1', '0.25', '0.01'])}", (Line(f"{v} = {v} / 2;"), Line(f"{c}++;")))
        body = (Let(d.ctype, v, f"{x}[{i}] * {x}[{i}]"), Let("int", c, "0"), loop, Line(f"{out}[{i}] = {c};"))
    elif what == "collatz":
        step = If(f"{v} % 2 == 0", (Line(f"{v} = {v} / 2;"),), (Line(f"{v} = 3 * {v} + 1;"),))
        body = (Let("int", v, f"{x}[{i}] + 1"), Let("int", c, "0"), While(f"{v} > 1", (step, Line(f"{c}++;"))), Line(f"{out}[{i}] = {c};"))
    elif what == "bits":
        loop = While(f"{v} > 0", (Line(f"{c} += {v} {d.rng.choice(['% 2', '& 1'])};"), Line(f"{v} = {v} {d.rng.choice(['/ 2', '>> 1'])};")))
        body = (Let("int", v, f"{x}[{i}]"), Let("int", c, "0"), loop, Line(f"{out}[{i}] = {c};"))
    elif what == "gcd":
        s, t = d.scalar(), d.local(["t", "rem", "rest"])
        loop = While(f"{c} != 0", (Let("int", t, f"{v} % {c}"), Line(f"{v} = {c};"), Line(f"{c} = {t};")))
        body = (Let("int", v, f"{x}[{i}]"), Let("int", c, f"{s} * {s}"), loop, Line(f"{out}[{i}] = {v};"))
    elif what == "newton":
        a, times = d.local(["a", "target", "rad"]), d.rng.choice(["3", "4", "5"])
        loop = While(
            f"{c} < {times}",
            (Line(f"{v} = 0.5 * ({v} + {a} / {v});".replace("0.5", "0.5f" if d.ctype == "float" else "0.5")), Line(f"{c}++;")),
        )
        lets = (Let(d.ctype, a, f"{x}[{i}] * {x}[{i}]"), Let(d.ctype, v, "1"), Let("int", c, "0"))
        body = (*lets, loop, Line(f"{out}[{i}] = {v};"))
    else:
        m = d.size(["degree", "order_p", "terms", "power"], SMALL_VALUES)
        k = d.loop(m, words=w.INNER_LOOPS, plain=True)
        factor = f"{v} * {x}[{i}]" if d.floating else f"{v} * ({x}[{i}] % 5)"
        line = f"{v} = {factor} + {d.array(m)}[{k.var}];" if what == "horner" else f"{v} = {factor};"
        body = (Let(d.ctype, v, "0" if what == "horner" else "1"), For(k, (Line(line),)), Line(f"{out}[{i}] = {v};"))
    return kernel(d, (Parallel(heads=(head,), body=body),))


def time_steps(d: Draft) -> Kernel:
    """Sequential steps around parallel loops."""
    d.ctype = d.real
    n, steps = (
        d.size(values=("3", "4", "10", "33", "100")),
        d.size(["steps", "nsteps", "iterations", "iters", "num_steps"], ("0", "1", "2", "5")),
    )
    u, v = d.array(n, "inout"), d.array(n, "inout")
    s = d.scalar()
    t, h1, h2 = d.loop(steps, words=["t", "it", "step_id", "iter"], plain=True), d.loop(f"{n} - 1", low="1"), d.loop(f"{n} - 1", low="1")
    i, j = h1.var, h2.var
    what = d.feature("heat", "average", "oscillator")
    if what == "oscillator":
        head = d.loop(n)
        k = head.var
        body: tuple[Node, ...] = (Line(f"{v}[{k}] -= {s} * {u}[{k}] / 8;"), Line(f"{u}[{k}] += {v}[{k}] / 8;"))
        return kernel(d, (For(t, (Parallel(heads=(head,), body=body),)),))
    value = (
        f"{u}[{i}] + {s} * ({u}[{i} - 1] - 2 * {u}[{i}] + {u}[{i} + 1]) / 16" if what == "heat" else f"({u}[{i} - 1] + {u}[{i} + 1]) / 2"
    )
    first = Parallel(heads=(h1,), body=(Line(f"{v}[{i}] = {value};"),))
    return kernel(d, (For(t, (first, Parallel(heads=(h2,), body=(Line(f"{u}[{j}] = {v}[{j}];"),)))),))


NESTS: dict[str, Callable[[Draft], Kernel]] = {
    "reduction": reduction,
    "normalise": normalise,
    "rows": row_reduction,
    "matmul": matmul,
    "neighbours": neighbours,
    "while": while_inside,
    "steps": time_steps,
}
