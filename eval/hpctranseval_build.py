"""How an answer of suite ``hpctranseval`` is built: alone in its translation unit, with the headers and names that the checkout's own C takes for granted.

The function is called on a thread of ours with a large stack, as some of the checkout's functions hold arrays of 64 MiB in local variables; the
thread stays between calls, and with it the threads that OpenMP made for it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from hpcraft.eval.hpctranseval import Operator
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Check, Job

CANDIDATE, SHIM, DRIVER = "candidate.c", "shim.c", "driver.c"
Filling = Literal["", "pattern", "zero"]
"""Nothing of ours, numbers that make NaN of what they meet, or zeros."""
_ENTRY = "hpcraft_entry"
_STACK_BYTES = 512 << 20
_HEADERS = "".join(f"#include <{name}.h>\n" for name in ("float", "math", "omp", "stdbool", "stddef", "stdint", "stdlib", "string"))
_OWN = r"\bdefine\s+{0}\b|\b{0}\s*\([^()]*\b(?:float|double|int|int32_t)\b[^()]*\)\s*\{{"


def entry(operator: Operator) -> Signature:
    """What is called: the shim."""
    return replace(operator.signature, name=_ENTRY)


def job(operator: Operator, code: str, check: Check = "none", *, filled: Filling = "") -> Job:
    """The build of an answer, or of the reference; ``filled`` says what local variables hold that nobody initialised."""
    return Job(
        files={
            CANDIDATE: f"{_HEADERS}{_numbers(code)}#line 1\n{code}\n".encode(errors="replace"),
            SHIM: _shim(operator).encode(),
            DRIVER: caller_source([entry(operator)]).encode(),
        },
        language="c",
        model="openmp",
        check=check,
        flags=("-lm", *((f"-ftrivial-auto-var-init={filled}",) if filled else ())),
    )


def _numbers(code: str) -> str:
    """``max`` and ``min``, unless the code has its own; functions, as arguments of macros would be multiplied."""
    parts = []
    for name, sign in (("max", ">"), ("min", "<")):
        if re.search(_OWN.format(name), code):
            continue
        parts += [
            f"static inline {t} {name}_of_{t}({t} a, {t} b) {{ return a {sign} b ? a : b; }}\n" for t in ("float", "double", "int64_t")
        ]
        kinds = f"float: {name}_of_float, double: {name}_of_double, default: {name}_of_int64_t"
        parts.append(f"#define {name}(a, b) _Generic((a) + (b), {kinds})(a, b)\n")
    return "".join(parts)


def _shim(operator: Operator) -> str:
    parameters = operator.signature.parameters
    names = ", ".join(p.name for p in parameters)
    fields = " ".join(f"{p.declaration()};" for p in parameters)
    taken = " ".join(f"hpcraft_given.{p.name} = {p.name};" for p in parameters)
    inside = ", ".join(f"hpcraft_given.{p.name}" for p in parameters)
    assert names
    return f"""#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

{operator.signature.prototype()};
{entry(operator).prototype()};

static struct {{ {fields} }} hpcraft_given;
static pthread_mutex_t hpcraft_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hpcraft_changed = PTHREAD_COND_INITIALIZER;
static enum {{ IDLE, ASKED, DONE }} hpcraft_state;

static void *hpcraft_serve(void *nothing) {{
    for (;;) {{
        pthread_mutex_lock(&hpcraft_lock);
        while (hpcraft_state != ASKED) pthread_cond_wait(&hpcraft_changed, &hpcraft_lock);
        pthread_mutex_unlock(&hpcraft_lock);
        {operator.signature.name}({inside});
        pthread_mutex_lock(&hpcraft_lock);
        hpcraft_state = DONE;
        pthread_cond_broadcast(&hpcraft_changed);
        pthread_mutex_unlock(&hpcraft_lock);
    }}
    return nothing;
}}

{entry(operator).prototype()} {{
    static bool started;
    if (!started) {{
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        if (pthread_attr_setstacksize(&attributes, {_STACK_BYTES}) || pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED)) abort();
        if (pthread_create(&thread, &attributes, hpcraft_serve, NULL)) abort();
        started = true;
    }}
    pthread_mutex_lock(&hpcraft_lock);
    {taken}
    hpcraft_state = ASKED;
    pthread_cond_broadcast(&hpcraft_changed);
    while (hpcraft_state != DONE) pthread_cond_wait(&hpcraft_changed, &hpcraft_lock);
    hpcraft_state = IDLE;
    pthread_mutex_unlock(&hpcraft_lock);
}}
"""
