"""What the licence of a file rests on: its own head, its package, the order of trust between them."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest

from hpcraft.data import dep5
from hpcraft.data.evidence import NONE, Evidence, PackageLicences, of_file
from hpcraft.data.notices import NOTHING, Notice, notice_words, read_notice

COMMON = Path("/usr/share/common-licenses")
CODE = "void scale(int n, double a, double *x)\n{\n    for (int i = 0; i < n; ++i)\n        x[i] *= a;\n}\n"
MIT_TEXT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files
(the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS
BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
ISC_TEXT = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided
that the above copyright notice and this permission notice appear in all copies. THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS
ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR
BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR
PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE
OF THIS SOFTWARE.
"""
GPL_NOTICE = """This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public License
as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of
MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details.
"""
OPENIB = """This software is available to you under a choice of one of two licenses. You may choose to be licensed under the terms of the
GNU General Public License (GPL) Version 2, available from the file COPYING in the main directory of this source tree, or the BSD license
below: Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met: - Redistributions of source code must retain the above copyright notice, this list of conditions and the following
disclaimer. - Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
disclaimer in the documentation and/or other materials provided with the distribution. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY
OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN
ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
MIT = Evidence("MIT", "file:LICENSE")
LGPL = Evidence("LGPL-2.1-only", "dep5:debian/copyright")
HEADER = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"


def comment(text: str, sign: str = " * ") -> str:
    """A text as the comment at the head of a file."""
    lines = "".join(f"{sign}{line}\n" for line in text.splitlines())
    return f"/*\n{lines} */\n{CODE}" if sign == " * " else lines + "      end\n"


# ---------------------------------------------------------------- heads


@pytest.mark.parametrize("sign", [" * ", "! ", "C     ", "* ", "// ", "c "])
@pytest.mark.parametrize(
    ("text", "licence"), [(MIT_TEXT, "MIT"), (ISC_TEXT, "ISC"), (GPL_NOTICE, "GPL-2.0-or-later"), (OPENIB, "GPL-2.0-only OR Linux-OpenIB")]
)
def test_texts_and_notices_are_read_in_every_comment_style(text: str, licence: str, sign: str) -> None:
    """The head decides by itself, in C as in fixed-form Fortran."""
    assert of_file(comment("scale.c\nCopyright (c) 2001 Someone\n\n" + text, sign), NONE) == Evidence(licence, "header-text")


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Licensed under the Apache License, Version 2.0 (the License); see LICENSE.", "Apache-2.0"),
        ("Distributed under the Boost Software License, Version 1.0.", "BSL-1.0"),
        ("This code is subject to the Mozilla Public License, v. 2.0.", "MPL-2.0"),
        ("Distributed under BSD 3-Clause license. (See accompanying file Copyright.txt)", "BSD-3-Clause"),
        ("This software is distributed under the modified Berkeley Software Distribution (BSD) License.", "BSD-3-Clause"),
        ("This file is released under the MIT License.", "MIT"),
        ("This software is governed by the CeCILL-C license under French law.", "CECILL-C"),
        ("This file is in the public domain; the library is not.", "LicenseRef-public-domain"),
        (
            "The X library is free software; you can use it under the terms of the GNU Lesser\nGeneral Public License, either version 2.1, or (at your option) any later version.",
            "LGPL-2.1-or-later",
        ),
        (
            "You can redistribute it under the terms of the version 3 of the license of the GNU Lesser General Public License.",
            "LGPL-3.0-only",
        ),
        ("Licensed under version 2.1 of the GNU Lesser General Public License.", "LGPL-2.1-only"),
        ("Licensed under the GPLv3.", ""),
        ("Distributed under the GNU General Public License. See README.", ""),
        ("Use of this source code is governed by a BSD-style license that can be found in the LICENSE file.", ""),
        ("See file LICENSE for terms.", ""),
        ("It reads the license manager's file.", ""),
    ],
)
def test_sentences_count_when_they_leave_no_doubt(text: str, licence: str) -> None:
    """A licence with its version does; a family, a pointer or a mere mention doesn't."""
    assert read_notice(comment(text)).licence == licence


def test_a_head_without_rights_costs_no_reading() -> None:
    """Most files say nothing, and nothing is looked up for them; years and names don't make heads differ."""
    assert notice_words(CODE) == ""
    assert read_notice(CODE) == NOTHING
    assert notice_words(comment("Copyright (c) 2001 A\n" + ISC_TEXT)) == notice_words(comment("Copyright (c) 2019 B\n" + ISC_TEXT))


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("Distributed under the GNU General Public License.", Notice(gnu=True)),
        ("NOTICE TO LICENSEE: this is ours.", Notice(closed=True)),
        ("For non-commercial use only. Licensed.", Notice(closed=True)),
        ("Free for commercial and non-commercial use. No license needed.", Notice()),
        ("CONFIDENTIAL AND PROPRIETARY", Notice(closed=True)),
    ],
)
def test_unclear_and_proprietary_words_are_noticed(text: str, notice: Notice) -> None:
    """They give no licence, and may contradict one."""
    assert read_notice(comment(text)) == notice


@pytest.mark.parametrize(
    ("head", "package", "licence", "origin"),
    [
        ("// SPDX-License-Identifier: BSD-2-Clause\n", MIT, "BSD-2-Clause", "spdx-header"),
        ("/* SPDX-License-Identifier: (Apache-2.0 OR MIT) */\n", MIT, "Apache-2.0 OR MIT", "spdx-header"),
        ("// SPDX-License-Identifier: LicenseRef-mine\n", MIT, "", "licence-unknown"),
        ("// SPDX-License-Identifier: GPL-2.0+\n", MIT, "GPL-2.0-or-later", "spdx-header"),
        ("// SPDX-License-Identifier: MIT\n" + comment(GPL_NOTICE), MIT, "", "licence-conflict"),
        ("// SPDX-License-Identifier: GPL-2.0-or-later\n" + comment(GPL_NOTICE), NONE, "GPL-2.0-or-later", "spdx-header"),
        ("// SPDX-License-Identifier: MIT\n// confidential and proprietary\n", MIT, "", "licence-conflict"),
        (comment(ISC_TEXT), MIT, "ISC", "header-text"),
        (comment(ISC_TEXT), LGPL, "ISC", "header-text"),
        (comment(MIT_TEXT), MIT, "MIT", "header-text"),
        (comment(GPL_NOTICE), MIT, "", "licence-conflict"),
        (comment(GPL_NOTICE), LGPL, "GPL-2.0-or-later", "header-text"),
        (comment(GPL_NOTICE), NONE, "GPL-2.0-or-later", "header-text"),
        (comment(MIT_TEXT + GPL_NOTICE), MIT, "", "licence-conflict"),
        (comment(MIT_TEXT + "Other parts are under the GNU General Public License."), LGPL, "LGPL-2.1-only", LGPL.origin),
        ("/* under the terms of the GNU General Public License */\n", MIT, "", "licence-conflict"),
        ("/* GNU Lesser\n * General Public License */\n", LGPL, "LGPL-2.1-only", LGPL.origin),
        ("/* NOTICE TO LICENSEE: confidential */\n", MIT, "", "licence-conflict"),
        ("", MIT, "MIT", "file:LICENSE"),
        ("", NONE, "", "no-licence"),
    ],
)
def test_a_head_speaks_before_its_package(head: str, package: Evidence, licence: str, origin: str) -> None:
    """A tag decides, then the text; a head that contradicts the package or itself leaves nothing to rely on."""
    assert of_file(head + CODE, package) == Evidence(licence, origin)


def test_hostile_heads_are_read_in_time() -> None:
    """No text makes an expression run away."""
    start = time.process_time()
    for part in (
        "license (c) ",
        "gnu public license version 2 any ",
        "license under the the ",
        "permission\n" * 3 + " " * 50,
        "(c) 1999 " * 3,
    ):
        of_file(part * 4000, MIT)
    assert time.process_time() - start < 3


# ---------------------------------------------------------------- packages


def machine(*paragraphs: str) -> bytes:
    """A machine-readable debian/copyright."""
    return f"Format: {HEADER}\n\n{chr(10).join(paragraphs)}".encode()


def test_the_last_matching_paragraph_of_dep5_wins() -> None:
    """Names are looked up, else the licence text itself, else the file has no known licence."""
    mit = "".join(f" {line}\n" for line in MIT_TEXT.splitlines())
    licences = PackageLicences(
        {
            "debian/copyright": machine(
                "Files: *\nCopyright: someone\nLicense: BSD-3-clause\n",
                "Files: src/gpl/*\nCopyright: someone\nLicense: GPL-2+\n",
                "Files: src/gpl/free.c\nCopyright: someone\nLicense: odd-name\n",
                "Files: src/odd.c\nCopyright: someone\nLicense: odder-name\n",
                f"License: odd-name\n{mit}",
            ),
            "LICENSE": ISC_TEXT.encode(),
        }
    )
    assert licences.of("src/a.c") == Evidence("BSD-3-Clause", "dep5:debian/copyright")
    assert licences.of("src/gpl/a.c").licence == "GPL-2.0-or-later"
    assert licences.of("src/gpl/free.c").licence == "MIT"
    assert licences.of("src/odd.c") == Evidence("", "licence-unknown")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b.c", True),
        ("src/*.c", "src/deep/a.c", True),
        ("src/?.c", "src/a.c", True),
        ("src/?.c", "src/ab.c", False),
        ("./src/*", "src/a.c", True),
        ("a[1].c", "a[1].c", True),
        ("*[1].c", "a1.c", False),
        ("*[1].c", "x[1].c", True),
        ("a\\*b.c", "a*b.c", True),
        ("a\\*b.c", "axb.c", False),
        ("src", "src/a.c", False),
        ("*a" * 60, "a" * 200 + ".c", False),
    ],
)
def test_patterns_of_dep5(pattern: str, path: str, matches: bool) -> None:
    """Stars reach across folders, brackets mean nothing, and many stars take no time."""
    document = dep5.read(machine(f"Files: {pattern}\nCopyright: x\nLicense: MIT\n"))
    assert document is not None
    assert (document.of(path) is not None) is matches


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff" * 500, b"It is free, they say.\n", machine("Files: \nCopyright: x\n\nLicense\n"), machine()]
)
def test_damaged_copyright_files_say_nothing(content: bytes) -> None:
    """Empty, binary, free text without a licence, and broken paragraphs."""
    assert PackageLicences({"debian/copyright": content}).of("a.c") == NONE


def test_free_text_counts_when_it_names_one_licence() -> None:
    """What packagers write of their own work isn't a second licence; two licences leave it to weaker evidence."""
    packaging = "\n\nThe Debian packaging is (C) 2016, Someone, and is licensed under the GPL, version 2 or later.\n"
    one = PackageLicences(
        {"debian/copyright": f"This package was made by Someone.\n\nCopyright: 2001 Other\n\n{ISC_TEXT}{packaging}".encode()}
    )
    assert one.of("src/a.c") == Evidence("ISC", "copyright:debian/copyright")
    two = PackageLicences({"debian/copyright": f"{ISC_TEXT}\n\nThe files in b/ are:\n\n{MIT_TEXT}".encode(), "LICENSE": MIT_TEXT.encode()})
    assert two.of("src/a.c") == MIT


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("License-Expression: BSD-3-Clause OR mit\n", Evidence("BSD-3-Clause OR MIT", "pkg-info")),
        ("License-Expression: LicenseRef-mine\n", Evidence("", "licence-unknown")),
        ("Classifier: License :: OSI Approved :: MIT License\n", Evidence("MIT", "pkg-info")),
        (
            "Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: Apache Software License\n",
            Evidence("Apache-2.0", "pkg-info"),
        ),
        ("Classifier: License :: OSI Approved :: BSD License\n", Evidence("ISC", "file:LICENSE")),
        ("Classifier: License :: Other/Proprietary License\n", Evidence("ISC", "file:LICENSE")),
        ("Classifier: Topic :: Scientific/Engineering\n", Evidence("ISC", "file:LICENSE")),
        ("\x00\xff: what\n", Evidence("ISC", "file:LICENSE")),
    ],
)
def test_python_metadata_speaks_before_licence_files(fields: str, expected: Evidence) -> None:
    """An expression, else classifiers that name one licence; a family says too little."""
    content = f"Metadata-Version: 2.4\nName: x\n{fields}\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n"
    assert PackageLicences({"PKG-INFO": content.encode("latin-1"), "LICENSE": ISC_TEXT.encode()}).of("src/a.c") == expected


def test_what_the_source_declares_comes_before_licence_files() -> None:
    """And after everything that the package itself states of the file."""
    licences = PackageLicences({"LICENSE": ISC_TEXT.encode()})
    assert licences.of("a.c", "apache-2.0") == Evidence("Apache-2.0", "declared")
    assert licences.of("a.c", "no_license") == Evidence("", "licence-unknown")
    assert licences.of("a.c", " ") == Evidence("ISC", "file:LICENSE")
    stated = PackageLicences({"debian/copyright": machine("Files: *\nCopyright: x\nLicense: Expat\n")})
    assert stated.of("a.c", "GPL-3.0-only").licence == "MIT"


def test_the_nearest_licence_file_counts_for_what_lies_below_it() -> None:
    """An odd text gives no licence to what is under it, whatever lies above; NOTICE files and debian/ don't count."""
    licences = PackageLicences(
        {"LICENSE": MIT_TEXT.encode(), "sub/COPYING": b"Ask me first.\n", "x/NOTICE": b"By me.\n", "debian/LICENSE": b"?"}
    )
    assert licences.of("src/a.c") == MIT
    assert licences.of("sub/a.c") == Evidence("", "licence-unknown")
    assert licences.of("x/a.c") == MIT
    assert PackageLicences({}).of("a.c") == NONE


def test_licence_files_of_one_folder_are_read_together() -> None:
    """Two texts are both needed, unless one file gives the choice, is the notice for the other, or is part of it."""
    apache, gpl_3, lgpl_3 = (COMMON / name for name in ("Apache-2.0", "GPL-3", "LGPL-3"))
    if not lgpl_3.exists():
        pytest.skip(f"{COMMON} is not on this machine")
    two = {"LICENSE-APACHE": apache.read_bytes(), "LICENSE-MIT": MIT_TEXT.encode()}
    assert PackageLicences(two).of("a.c") == Evidence("Apache-2.0 AND MIT", "file:LICENSE-APACHE")
    choice = {"COPYRIGHT": b"Copyright 2020 X\nSPDX-License-Identifier: (Apache-2.0 OR MIT)\n", **two}
    assert PackageLicences(choice).of("a.c").licence == "Apache-2.0 OR MIT"
    lesser = {"COPYING": gpl_3.read_bytes(), "COPYING.LESSER": lgpl_3.read_bytes()}
    assert PackageLicences(lesser).of("a.c").licence == "LGPL-3.0-only"
    notice = {"COPYING": (COMMON / "GPL-2").read_bytes(), "COPYRIGHT": GPL_NOTICE.encode()}
    assert PackageLicences(notice).of("a.c").licence == "GPL-2.0-or-later"
    assert PackageLicences({**two, "LICENSE": b"Ask me first."}).of("a.c") == Evidence("", "licence-unknown")


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 1000, b"MIT License permission " * 220_000])
def test_empty_binary_and_huge_licence_files_give_no_licence(content: bytes) -> None:
    """They are licence files all the same, so that nothing above them speaks for their folder."""
    licences = PackageLicences({"LICENSE": MIT_TEXT.encode(), "lib/LICENSE": content})
    assert licences.of("lib/a.c") == Evidence("", "licence-unknown")


def test_evidence_travels_to_workers() -> None:
    """It pickles, small."""
    assert pickle.loads(pickle.dumps(MIT)) == MIT
    assert len(pickle.dumps(MIT)) < 200
