"""Redaction: planted secrets and addresses go, code stays as it was. Secrets are put together here, so that the repository holds none."""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.redact import EMAIL, SECRET, redact

_RANDOM = random.Random(7)


def _letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_RANDOM.choice(alphabet) for _ in range(count))


_PLANTED = [
    ("aws-key", "AK" + "IA" + _letters(16, string.ascii_uppercase + string.digits)),
    ("github-token", "gh" + "p_" + _letters(36)),
    ("gitlab-token", "gl" + "pat-" + _letters(20)),
    ("slack-token", "xo" + "xb-" + _letters(12, string.digits) + "-" + _letters(24)),
    ("stripe-key", "sk" + "_live_" + _letters(24)),
    ("sendgrid-key", "S" + "G." + _letters(22) + "." + _letters(43)),
    ("pypi-token", "py" + "pi-AgEIcHlwaS5vcmc" + _letters(80)),
]


@pytest.mark.parametrize(("kind", "secret"), _PLANTED, ids=[kind for kind, _ in _PLANTED])
def test_planted_secrets_go(kind, secret):
    """A secret of each kind is replaced inside its string literal, and counted under its kind."""
    found = redact(f'int a;\nconst char *key = "{secret}";\nint b;\n')
    assert found.text == f'int a;\nconst char *key = "{SECRET}";\nint b;\n'
    assert found.counts == {kind: 1}


def test_passwords_in_urls_go():
    """The password of an address on the web goes, its host stays; a placeholder is no password."""
    word = _letters(12)
    found = redact(f'fetch("https://user:{word}@' + 'host.example.org/x");\n')
    assert word not in found.text
    assert found.counts["password-in-url"] == 1
    assert redact("/* https://user:password@host/x */\n").counts == {}


def test_a_keyword_needs_a_random_value():
    """A value beside ``password`` goes where it looks random; a prompt or a variable stays."""
    word = "q7" + _letters(14) + "9z"
    assert redact(f'char *password = "{word}";\n').text == f'char *password = "{SECRET}";\n'
    for line in (
        "password = read_password(prompt);\n",
        'char *password = "please enter";\n',
        "secret_key = key[i + 1];\n",
        'printf("password: %s");\n',
    ):
        assert redact(line).text == line


def test_private_keys_lose_their_letters_and_keep_their_lines():
    """Of a private key the frame and the line ends stay."""
    kind = "RSA PRIVATE " + "KEY"
    body = "\n".join(_letters(64) for _ in range(5))
    found = redact(f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
    assert found.text == f"-----BEGIN {kind}-----\n" + f"{SECRET}\n" * 5 + f"-----END {kind}-----\n"
    assert found.counts == {"private-key": 1}


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("! Copyright (C) 2008 Ada Lovelace <ada@example-lab.org>", f"! Copyright (C) 2008 Ada Lovelace {EMAIL}"),
        (" * Questions? Contact Ada (ada.l@cs.example-lab.edu).", f" * Questions? Contact Ada ({EMAIL})."),
        ('printf("write to help@example-lab.gov\\n");', f'printf("write to {EMAIL}\\n");'),
        ("c ada_l@mail.example-lab.de and bob@example-lab.fr", f"c {EMAIL} and {EMAIL}"),
        ("/* ada at example-lab dot org */", f"/* {EMAIL} */"),
        ("// Ada (ada.l _AT_ example-lab.com)", f"// Ada ({EMAIL})"),
        ("// Ada <ada at example-lab.com>", f"// Ada {EMAIL}"),
        ("// ada [at] cs [dot] example-lab [dot] edu", f"// {EMAIL}"),
    ],
)
def test_addresses_go_and_names_stay(line, clean):
    """Addresses in all their spellings are replaced, the names of authors around them are not."""
    assert redact(line + "\n").text == clean + "\n"


@pytest.mark.parametrize(
    "line",
    [
        "/** @param a the vector @return its norm */",
        "git clone git@github.com:owner/repo.git",
        'extern void f(void) __asm__("memcpy@GLIBC_2.2.5");',
        "#define MAT(a,b) a@b",
        "/* evaluated at x.y, available at netlib.org and at www.example.org */",
        "/* see https://host.example.org/@user and sip://a@b */",
        "call sub(x)  ! error at line.no",
        "      parameter (at = 1, dot = 2)",
        "if (p (at) x.y) return;",
        "looked (at) once and for all.",
        'const char hash[] = "d41d8cd98f00b204e9800998ecf8427e";',
        "double table[] = {0.1234567890123456789, 0.98765432109876543210};",
    ],
)
def test_code_that_looks_like_it_stays(line):
    """At signs, the word ``at``, hashes and tables of code are left alone."""
    found = redact(line + "\n")
    assert (found.text, found.counts) == (line + "\n", {})


@given(st.text(alphabet='ab@.<>() \n"at dot:/-_1', max_size=400))
def test_lines_stay_and_a_second_time_finds_nothing(text):
    """The number of lines never changes, and a redacted text has nothing left to redact."""
    once = redact(text)
    assert once.text.count("\n") == text.count("\n")
    assert redact(once.text).text == once.text


def test_hostile_lines_are_answered_in_time():
    """Neither a line of at signs nor an endless run of words keeps the redactor busy."""
    for piece in ("@", "a@", "a.", "a at ", "<a at b", "a (at) b dot ", "://a:", "ghp_", "password = "):
        text = piece * 200 + "\n" + piece * 5000 + "\n"
        start = time.process_time()
        redact(text)
        assert time.process_time() - start < 1.0, piece
