"""Licences: names to SPDX, expressions, policies, and whole texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.licence_texts import recognise, recognise_one, spdx_tag
from hpcraft.data.licences import PERMISSIVE, PUBLIC_DOMAIN, allows, check_policy, is_known, join, spdx
from hpcraft.errors import ConfigError

COMMON = Path("/usr/share/common-licenses")
BSD_3 = """Copyright (c) 2001, The Regents
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions
are met:
1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the
   documentation and/or other materials provided with the distribution.
3. Neither the name of the University nor the names of its contributors may be used to endorse or promote products derived from this
   software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE REGENTS AND CONTRIBUTORS ``AS IS'' AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO,
THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE REGENTS OR
CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO,
PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF
LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""
ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided
that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION,
ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("Expat", "MIT"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("BSD-3-clause-LLNS-additional-notice", "BSD-3-Clause"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPL-2", "LGPL-2.0-only"),
        ("GPL-3.1", None),
        ("Apache-2.0-OR-MIT", "Apache-2.0 OR MIT"),
        ("(Apache-2.0 OR MIT)", "Apache-2.0 OR MIT"),
        ("mit AND MIT", "MIT"),
        ("GPL-2+ or BSD-2-clause", "BSD-2-Clause OR GPL-2.0-or-later"),
        ("BSD-3-clause and Expat", "BSD-3-Clause AND MIT"),
        ("GPL-2 or BSD-3-Clause", "BSD-3-Clause OR GPL-2.0-only"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("GPL-2.0 with Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GPL-2 with DUNE exception", "GPL-2.0-only"),
        ("GPL-2.0+-with-autoconf-exception", "GPL-2.0-or-later"),
        ("LicenseRef-GPL-2.0-only-with-DUNE-exception", "GPL-2.0-only"),
        ("CeCILL-C-V1", "CECILL-C"),
        ("GNU-All-Permissive-License", "FSFAP"),
        ("FSF-Unlimited", "FSFUL"),
        ("public-domain", PUBLIC_DOMAIN),
        ("LicenseRef-scancode-blas-2017", None),
        ("MIT WITH GPL-2.0-only", None),
        ("MIT OR", None),
        ("BSD", None),
        ("BSD-like", None),
        ("POEMS-License", None),
        ("free for academic use", None),
        ("MIT and something-odd", None),
        ("(" * 200 + "MIT", None),
        ("MIT or " * 200 + "MIT", None),
        ("", None),
    ],
)
def test_names_become_spdx_or_nothing(name: str, expression: str | None) -> None:
    """Known names are normalised; an unknown part, bad syntax or a name of absurd length is no licence."""
    assert spdx(name) == expression


_NAMES = st.sampled_from(["MIT", "BSD-3-Clause", "Apache-2.0", "GPL-2.0-only", "LGPL-3.0-or-later", "CC-BY-NC-4.0", "MPL-2.0", "CECILL-C"])
_EXPRESSIONS = st.recursive(
    _NAMES,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
    max_leaves=6,
)


@given(_EXPRESSIONS)
def test_a_canonical_expression_stays_as_it_is(expression: str) -> None:
    """Reading what was written gives the same again."""
    canonical = spdx(expression)
    assert canonical is not None
    assert spdx(canonical) == canonical


@given(_EXPRESSIONS, _EXPRESSIONS, st.sampled_from(["permissive", "copyleft", "all"]))
def test_a_policy_needs_one_arm_of_or_and_every_arm_of_and(left: str, right: str, policy: str) -> None:
    """Expressions are judged by their structure, and canonical form changes no judgement."""
    one, other = (allows(policy, arm) for arm in (left, right))  # type: ignore[arg-type]  # drawn from the three
    for operator, expected in (("OR", one or other), ("AND", one and other)):
        joined = join([left, right], operator)  # type: ignore[arg-type]  # one of the two
        assert allows(policy, joined) is expected  # type: ignore[arg-type]


def test_policies_differ() -> None:
    """Each policy draws its line, and what nobody knows passes none."""
    assert allows("permissive", "GPL-2.0-only OR MIT")
    assert not allows("permissive", "GPL-2.0-only AND MIT")
    assert allows("copyleft", "GPL-2.0-only AND MIT")
    assert allows("copyleft", "CECILL-C")
    assert not allows("copyleft", "CC-BY-NC-4.0")
    assert allows("all", "CC-BY-NC-4.0")
    assert not allows("all", "LicenseRef-mine")
    assert not allows("all", "MIT AND (")
    assert all(allows("permissive", name) and is_known(name) for name in PERMISSIVE)


def test_a_list_allows_what_it_names_and_nothing_else() -> None:
    """Neither a later version nor the permissive default slips in; an exception only adds rights."""
    listed = ["MIT", "GPL-2.0-only"]
    assert allows("list", "MIT", listed)
    assert allows("list", "Apache-2.0 OR MIT", listed)
    assert allows("list", "GPL-2.0-only WITH Classpath-exception-2.0", listed)
    assert not allows("list", "Apache-2.0 AND MIT", listed)
    assert not allows("list", "GPL-2.0-or-later", listed)
    assert not allows("list", "ISC", listed)
    assert not allows("list", "LicenseRef-mine", ["LicenseRef-mine"])


@pytest.mark.parametrize(
    ("policy", "listed", "message"),
    [
        ("permisive", (), "did you mean 'permissive'"),
        ("list", (), "list SPDX identifiers"),
        ("all", ("MIT",), "set licence_policy to 'list'"),
        ("list", ("MIT", "BSD-3-Claus"), "did you mean 'BSD-3-Clause'"),
        ("list", ("GPL-2.0",), "did you mean 'GPL-2.0-only'"),
        ("list", ("Expat",), "did you mean 'MIT'"),
        ("list", ("Classpath-exception-2.0",), "not an SPDX licence"),
        ("list", ("MIT OR ISC",), "not an SPDX licence"),
    ],
)
def test_policies_and_lists_are_checked(policy: str, listed: tuple[str, ...], message: str) -> None:
    """A value that doesn't exist is refused, with the nearest that does."""
    with pytest.raises(ConfigError, match=message):
        check_policy(policy, listed)


def test_good_policies_pass() -> None:
    """What exists is accepted."""
    for policy in ("permissive", "copyleft", "all"):
        check_policy(policy)
    check_policy("list", ("MIT", "BSD-3-Clause", PUBLIC_DOMAIN))


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("file", "expression"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("Artistic", "Artistic-1.0-Perl"),
        ("BSD", "BSD-3-Clause"),
        ("CC0-1.0", "CC0-1.0"),
        ("GPL-1", "GPL-1.0-only"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2", "LGPL-2.0-only"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPL-3", "LGPL-3.0-only"),
        ("MPL-1.1", "MPL-1.1"),
        ("MPL-2.0", "MPL-2.0"),
    ],
)
def test_the_standard_texts_of_debian_are_recognised(file: str, expression: str) -> None:
    """Each is itself and nothing else; a licence text alone grants no later version."""
    if not (COMMON / file).exists():
        pytest.skip(f"{COMMON / file} is not on this machine")
    assert recognise((COMMON / file).read_text()) == expression


def test_variants_of_a_text_are_told_apart() -> None:
    """Comment signs and line breaks don't matter; a clause does."""
    assert recognise(BSD_3) == "BSD-3-Clause"
    assert recognise("".join(f" * {line}\n" for line in BSD_3.splitlines())) == "BSD-3-Clause"
    third = BSD_3.index("3. Neither")
    assert recognise(BSD_3[:third] + BSD_3[BSD_3.index("THIS SOFTWARE") :]) == "BSD-2-Clause"
    advertising = "3. All advertising materials mentioning features or use of this software must display the following acknowledgement:\n This product includes software developed by the University.\n4."
    assert recognise(BSD_3[:third] + advertising + BSD_3[third + 2 :]) != "BSD-3-Clause"


def test_a_licence_text_with_a_sting_is_not_recognised() -> None:
    """An added restriction makes a known text unknown, in few words or many."""
    assert recognise(ISC) == "ISC"
    assert recognise(ISC + "For non-commercial use only.\n") is None
    assert (
        recognise(ISC + "You need a licence from us for everything but reading, and your permission to read ends when we say so. " * 5)
        is None
    )
    assert recognise(ISC + "\n" + "Copyright (c) 2020 Someone or other who worked on it for years\n" * 30) == "ISC"


def test_several_licences_in_one_text_are_all_needed() -> None:
    """One list of licences binds whatever stands under it; one for a whole package must be single."""
    assert recognise(ISC + "\n----\n" + BSD_3) == "BSD-3-Clause AND ISC"
    assert recognise_one(ISC + "\n----\n" + BSD_3) is None
    assert (
        recognise_one(BSD_3 + "\nThe Debian packaging is licensed under the GPL, see /usr/share/common-licenses/GPL-3.\n") == "BSD-3-Clause"
    )


@pytest.mark.parametrize(
    "text", ["", "\n \n", "\0\1\2MIT", "Ask me first.\n", "Licensed under the terms of the Martian licence.", "\ufffd" * 1000]
)
def test_what_nobody_knows_is_no_licence(text: str) -> None:
    """Empty, binary and odd files say nothing."""
    assert recognise(text) is None


def test_a_huge_licence_file_costs_nothing() -> None:
    """5 MB of licence words aren't read at all."""
    assert recognise("MIT License permission " * 220_000) is None


def test_tags_are_read_in_every_comment_style() -> None:
    """Several tags count together; one that can't be read spoils them."""
    assert spdx_tag("/* SPDX-License-Identifier: (Apache-2.0 OR MIT) */\n") == "Apache-2.0 OR MIT"
    assert spdx_tag("! SPDX-License-Identifier: MIT\n<!-- SPDX-License-Identifier: ISC -->\n") == "ISC AND MIT"
    assert spdx_tag("// SPDX-License-Identifier: MIT\n// SPDX-License-Identifier: LicenseRef-mine\n") == ""
    assert spdx_tag("int x;\n") is None
