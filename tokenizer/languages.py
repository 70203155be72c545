"""What the suffix of a file says of its language, and the languages that the tokenizer knows.

Not covered: the content, which `hpcraft.data.languages` asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer.fortran_form import fixed_width_form, form_of, looks_fixed
from hpcraft.tokenizer.lexer import LANGUAGES, language_number

SUFFIXES: dict[str, str] = {
    **dict.fromkeys((".c",), "c"),
    **dict.fromkeys((".h",), "header"),
    **dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".c++", ".C", ".hh", ".hpp", ".hxx", ".h++", ".H", ".ipp", ".inl", ".tpp", ".txx", ".tcc"), "cpp"
    ),
    **dict.fromkeys((".cu", ".cuh"), "cuda"),
    **dict.fromkeys((".hip",), "cpp"),
    **dict.fromkeys((".cl",), "opencl"),
    **dict.fromkeys((".inc", ".fh", ".fi"), "include"),
    **dict.fromkeys((".f", ".for", ".ftn", ".f77", ".fpp", ".F", ".FOR", ".FTN", ".F77", ".FPP"), "fixed"),
    **dict.fromkeys((".f90", ".f95", ".f03", ".f08", ".f18", ".F90", ".F95", ".F03", ".F08", ".F18", ".cuf", ".CUF"), "free"),
}
"""Suffix to what it promises: a language, ``header``, ``include``, ``opencl``, or the form of Fortran source."""

_LANGUAGES = {"header": "c", "opencl": "c", "fixed": "fortran", "free": "fortran"} | {language: language for language in LANGUAGES}


class Source(NamedTuple):
    """How a file is to be read."""

    language: str
    form: str
    """Of Fortran: ``free``, ``fixed`` or ``wide``."""


def promised(path: Path) -> str:
    """The language that a suffix promises; empty where it promises none or leaves it open, as ``.inc`` does."""
    return _LANGUAGES.get(SUFFIXES.get(path.suffix, ""), "")


def source_of(path: Path, text: str, language: str = "", form: str = "") -> Source:
    """The language and the form of a file.

    Args:
        path: tells by its suffix what the last two don't.
        text: what the file holds; many a file with a suffix of fixed form is free form, so its text is asked.
        language: as the user gave it.
        form: likewise.

    Raises:
        ConfigError: no such language or form, or a form for another language than Fortran.
        InputError: the suffix says nothing.
    """
    kind = "" if language else SUFFIXES.get(path.suffix, "")
    language = language or promised(path)
    if not language:
        raise InputError(f"{path}: its suffix names no language; give --language, one of {', '.join(LANGUAGES)}")
    language_number(language, form)
    if language != "fortran":
        if form:
            raise ConfigError(f"form {form!r}: only Fortran has forms, and {path} is {language}; leave it out or give --language fortran")
        return Source(language, "")
    if form:
        return Source(language, form)
    if kind == "fixed":
        return Source(language, fixed_width_form(text) if looks_fixed(text) else "free")
    return Source(language, "free" if kind == "free" else form_of(text))
