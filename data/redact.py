"""Cuts secrets and personal addresses out of a text, and leaves everything else as it was, line for line.

Secrets are found by the detectors of ``detect-secrets``, each behind the letters that it can't do without, and never over the network. Of its
detectors those of pure entropy are left out: in HPC code they fire on hashes, tables and mangled names. A word such as ``password`` alone makes no
secret either: the value beside it must look random. Addresses are candidates around an ``@``, checked by ``email-validator``.

Not covered: names of people (copyright lines keep theirs), telephone numbers, addresses of machines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

EMAIL = "<email>"
"""What stands for an address."""
SECRET = "<secret>"  # noqa: S105 - what stands for a secret, no secret itself
"""What stands for a secret."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without secrets and addresses."""

    text: str
    counts: dict[str, int]
    """Kind, such as ``email`` or ``private-key``, to how many were replaced; only kinds that were found."""


_DETECTORS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("aws-key", "aws", "AWSKeyDetector", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T")),
    ("github-token", "github_token", "GitHubTokenDetector", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("gitlab-token", "gitlab_token", "GitLabTokenDetector", ("glpat-", "gldt-", "glrt-", "GR1348941")),
    ("slack-token", "slack", "SlackDetector", ("xox", "hooks.slack.com")),
    ("stripe-key", "stripe", "StripeDetector", ("sk_live", "rk_live")),
    ("sendgrid-key", "sendgrid", "SendGridDetector", ("SG.",)),
    ("openai-key", "openai", "OpenAIDetector", ("T3BlbkFJ",)),
    ("npm-token", "npm", "NpmDetector", ("_authToken",)),
    ("pypi-token", "pypi_token", "PypiTokenDetector", ("pypi-",)),
    ("jwt", "jwt", "JwtTokenDetector", ("eyJ",)),
    ("square-token", "square_oauth", "SquareOAuthDetector", ("sq0csp",)),
    ("azure-key", "azure_storage_key", "AzureStorageKeyDetector", ("AccountKey=",)),
    ("password-in-url", "basic_auth", "BasicAuthDetector", ("://",)),
    (
        "keyword",
        "keyword",
        "KeywordDetector",
        ("password", "passwd", "secret", "api_key", "apikey", "auth_key", "private_key", "Password", "SECRET", "API_KEY", "PASSWORD"),
    ),
)
"""Kind, module and class in ``detect_secrets.plugins``, and letters one of which such a secret can't do without."""

_WITHIN = frozenset(["aws-key", "jwt", "npm-token", "azure-key", "password-in-url", "keyword"])
"""Kinds whose pattern takes in more than the secret, or whose detector checks what its pattern found."""

_MAX_LINE = 4000
"""Longer lines are looked at in pieces."""

_PRIVATE_KEY = re.compile(
    r"(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)(.*?)(-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)", re.DOTALL
)
_KEY_TEXT = re.compile(r"[A-Za-z0-9+/=]{16,}")
_URL_PASSWORD = re.compile(r"^[^\s\"'<>{}()$%]{4,}$")
_AWS_SECRET = re.compile(r"(?<=[\"'])[A-Za-z0-9/+]{40}(?=[\"'])")
"""The other half of an AWS key, which is a secret only beside the first."""

_WORD = r"[A-Za-z0-9](?:[\w.+-]{0,62}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"(?<![\w@:/.%$+-])(?P<local>{_WORD})@(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{{2,24}})(?![\w@(:/-]|\.\w)"
)
_ANGLED = re.compile(rf"<(?:mailto:)?{EMAIL}>")
_AT_CLUES = ("(at)", "[at]", "{at}", "<at>", " at ", " AT ", "(AT)", "[AT]", "(At)", " _AT_ ", " _at_ ")
_LIKELY = re.compile(r"[(\[{<]at[)\]}>]| _at_ |\bdot\b|[<(][\w.+-]+ at [\w.-]+[>)]", re.IGNORECASE)
_AT = r"\s*(?:[(\[{<]\s*at\s*[)\]}>]|\s_at_\s)\s*"
_DOT = r"(?:\s*[(\[{<]\s*dot\s*[)\]}>]\s*|\s+dot\s+|\s+_dot_\s+|\.)"
_SPELT = (
    re.compile(
        rf"(?<![\w.+-])[A-Za-z][\w.+-]{{0,40}}{_AT}[A-Za-z][\w-]*(?:{_DOT}[A-Za-z][\w-]*)*?{_DOT}([A-Za-z]{{2,6}})\b", re.IGNORECASE
    ),
    re.compile(
        r"(?<![\w.+-])[A-Za-z][\w.+-]{0,40}\s+at\s+[A-Za-z][\w-]*(?:(?:\s+dot\s+|\.)[A-Za-z][\w-]*)*?\s+dot\s+([A-Za-z]{2,6})\b",
        re.IGNORECASE,
    ),
    re.compile(r"(?<=[<(])[A-Za-z][\w.+-]{0,40} at [A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*?\.([A-Za-z]{2,6})(?=[>)])", re.IGNORECASE),
)
"""An address with a bracketed ``at``; one with a plain ``at`` and at least one ``dot``; one in brackets as a whole."""
_TOP_WORDS = "com org net edu gov mil int info io ai eu us uk de fr it es pt nl be ch at se no dk fi pl cz hu gr ru ua jp cn kr tw in au nz ca br mx ar il za ie"
_TOPS = frozenset(_TOP_WORDS.split())
_NOT_PERSONAL = frozenset(["git", "hg", "svn"])


def redact(text: str) -> Redacted:
    """``text`` without secrets and addresses."""
    counts: Counter[str] = Counter()
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(lambda found: _blank_key(found, counts), text)
    for kind, module, name, clues in _DETECTORS:
        present = [clue for clue in clues if clue in text]
        if present and not (kind == "password-in-url" and "@" not in text):
            detector = _detector(module, name)
            for clue in present:
                text = _edit_lines(text, clue, partial(_cut, kind=kind, detector=detector, counts=counts))
    if "@" in text:
        text = _edit_lines(text, "@", lambda line: _ADDRESS.sub(lambda found: _address(found, counts), line))
    for clue in _AT_CLUES:
        if clue in text:
            text = _edit_lines(text, clue, lambda line: _spelt(line, counts))
    if EMAIL in text and counts:
        text = _ANGLED.sub(EMAIL, text)
    return Redacted(text, dict(sorted((+counts).items())))


def _blank_key(found: re.Match[str], counts: Counter[str]) -> str:
    """A private key whose lines stand as they were, each without its letters."""
    body, number = _KEY_TEXT.subn(SECRET, found.group(2))
    counts["private-key"] += bool(number)
    return found.group(1) + body + found.group(3)


def _cut(line: str, kind: str, detector: RegexBasedDetector, counts: Counter[str]) -> str:
    clean = line
    if kind in _WITHIN:
        secrets = {secret for secret in detector.analyze_string(line) if secret}
    else:  # of a pattern with a group `analyze_string` gives the group alone, such as the prefix of a token
        secrets = {found.group() for pattern in detector.denylist for found in pattern.finditer(line)}
    for secret in sorted(secrets, key=len, reverse=True):
        if secret in clean and _is_real(kind, secret, line):
            counts[kind] += 1
            clean = clean.replace(secret, SECRET)
    return _AWS_SECRET.sub(SECRET, clean) if kind == "aws-key" and clean != line else clean


def _edit_lines(text: str, clue: str, edit: Callable[[str], str]) -> str:
    """``text`` with ``edit`` done to each line that holds ``clue``; no other line is looked at."""
    pieces: list[str] = []
    done, at = 0, text.find(clue)
    while at >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = end if end >= 0 else len(text)
        line = text[start:end]
        clean = edit(line) if len(line) <= _MAX_LINE else "".join(map(edit, _pieces(line)))
        if clean != line:
            pieces += [text[done:start], clean]
            done = end
        at = text.find(clue, end)
    return "".join([*pieces, text[done:]])


def _pieces(line: str) -> Iterator[str]:
    """A long line in parts that the rules can take in reasonable time, cut behind a separator where there is one."""
    start = 0
    while start < len(line):
        end = start + _MAX_LINE
        if end < len(line):
            separator = max(line.rfind(mark, start + 1, end) for mark in " ,;")
            end = separator + 1 if separator > start else end
        yield line[start:end]
        start = end


def _is_real(kind: str, secret: str, line: str) -> bool:
    """Whether what a detector found can be a secret at all."""
    if kind == "password-in-url":
        return (
            _URL_PASSWORD.match(secret) is not None
            and secret.lower() not in ("password", "passwd", "pass", "secret", "token")
            and f":{secret}@" in line
        )
    if kind == "keyword":
        from detect_secrets.filters import heuristic

        mixed = bool(re.search(r"\d", secret) and re.search(r"[A-Za-z]", secret))
        quoted = f'"{secret}"' in line or f"'{secret}'" in line
        return (
            mixed
            and quoted
            and len(secret) >= 8
            and not re.search(r"[\s%{}()<>]", secret)
            and not heuristic.is_sequential_string(secret)
            and _entropy(secret) >= 3.0
        )
    return True


def _entropy(secret: str) -> float:
    from math import log2

    return -sum(n / len(secret) * log2(n / len(secret)) for n in Counter(secret).values())


@cache
def _detector(module: str, name: str) -> RegexBasedDetector:
    from importlib import import_module

    made: Callable[[], RegexBasedDetector] = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
    return made()


def _address(found: re.Match[str], counts: Counter[str]) -> str:
    local, host = found.group("local", "host")
    if local.lower() in _NOT_PERSONAL or not _is_address(local, host.lower()):
        return found.group()
    counts["email"] += 1
    return EMAIL


@lru_cache(maxsize=4096)
def _is_address(local: str, host: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(f"{local}@{host}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def _spelt(line: str, counts: Counter[str]) -> str:
    if not _LIKELY.search(line):
        return line

    def cut(found: re.Match[str]) -> str:
        if found.group(1).lower() not in _TOPS:
            return found.group()
        counts["email-spelt"] += 1
        return EMAIL

    for pattern in _SPELT:
        line = pattern.sub(cut, line)
    return line
