"""One canonical layout per language, so that a model spends no tokens on taste.

No comments, no indentation, no blank that isn't needed, one statement or directive to a line; in fixed form the columns that Fortran asks for.
The compiler sees the same program, except for what repeats the source: ``__LINE__``, and arguments that a macro turns into strings.
Not covered: upper and lower case in Fortran, which is spelling and no layout.
"""

from __future__ import annotations

from hpcraft.tokenizer import layout_c, layout_fortran
from hpcraft.tokenizer.lexer import language_number


def canonical(text: str, language: str = "c", *, form: str = "", comments: bool = False) -> str:
    """``text`` in canonical layout: lines without blanks at their ends, each ended by a newline.

    Args:
        text: any text.
        language: ``c``, ``cpp``, ``cuda`` or ``fortran``.
        form: of Fortran: ``free``, ``fixed``, ``wide``, or empty to look at the text.
        comments: keep them, each on its line or behind its line.

    Raises:
        ConfigError: no such language or form.
    """
    language_number(language, form)
    if language == "fortran":
        lines = layout_fortran.lines(text, form, comments=comments) if form else layout_fortran.shown_lines(text, comments=comments)
    else:
        lines = layout_c.lines(text, language, comments=comments)
    laid = "".join(line + "\n" for line in lines if line)
    # The mark that a text begins with is left out, so one that has come to the begin would be left out next time.
    return f"\ufeff{laid}" if laid.startswith("\ufeff") else laid
