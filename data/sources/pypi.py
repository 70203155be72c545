"""``pypi:PACKAGE`` or ``pypi:PACKAGE==VERSION``: a source archive from the package indexes that pip is configured for.

Building or even asking pip for metadata would run the package's code, so nothing is built or installed: the index is read
(HTML or JSON), the archive fetched, checked against the index's SHA-256, and read like any other. The newest version
that has a source archive is taken, no pre-release or withdrawn one unless it is named.

Not covered: pip's ``find-links``, and licence files that exist in wheels alone.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hpcraft.data.sources.archives import open_archive
from hpcraft.data.sources.base import Resolved, Settings
from hpcraft.data.sources.download import NotFoundError, Policy, download, fetch_text, policy_of, shown
from hpcraft.errors import InputError, MachineError
from hpcraft.store import read_json, sha256_file, write_json

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from pypi_simple import DistributionPackage

_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SETTING = re.compile(r"^(global|download)\.(index-url|extra-index-url|no-index|cert)=(.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """Where pip looks for packages."""

    urls: tuple[str, ...]
    certificates: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """The archive that a requirement stands for."""

    version: str
    filename: str
    url: str
    sha256: str


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    from packaging.utils import canonicalize_name

    wanted = _requirement(rest)
    name = canonicalize_name(wanted.name)
    folder = settings.cache / "pypi" / name
    chosen, policy = _choose(rest, wanted, folder, settings)
    file = _archive(chosen, folder, policy)
    return Resolved(spec=f"pypi:{rest}", package=name, version=chosen.version, open=lambda: open_archive(file, settings.max_file_bytes))


def configured_indexes() -> Indexes:
    """The indexes in pip's order: its default, its own settings files, the environment."""
    found = dict(_settings_of_pip(os.environ.get("PIP_CONFIG_FILE", "")))
    for key in ("index-url", "extra-index-url", "no-index", "cert"):
        found[key] = os.environ.get(f"PIP_{key.upper().replace('-', '_')}", found.get(key, ""))
    if found["no-index"].lower() in ("1", "true", "yes", "on"):
        return Indexes(urls=())
    urls = [found["index-url"] or _default_index(), *found["extra-index-url"].split()]
    return Indexes(urls=tuple(dict.fromkeys(url.rstrip("/") for url in urls)), certificates=found["cert"])


@functools.cache
def _settings_of_pip(settings_file: str) -> tuple[tuple[str, str], ...]:  # noqa: ARG001 - which files pip reads hangs on it
    """What pip's settings files say; nothing where this interpreter has no pip."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    lines = done.stdout if done.returncode == 0 else ""
    # Those of one command count more than those for all.
    ordered = sorted(_SETTING.findall(lines), key=lambda setting: setting[0] == "download")
    return tuple((key, str(ast.literal_eval(value))) for _section, key, value in ordered)


def _default_index() -> str:
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT


def _requirement(rest: str) -> Requirement:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(rest)
    except InvalidRequirement:
        wanted = None
    if wanted is None or wanted.url or wanted.marker or wanted.extras:
        raise InputError(f"pypi:{rest}: not a package and a version; expected pypi:NAME or pypi:NAME==1.2.3")
    return wanted


def _choose(rest: str, wanted: Requirement, folder: Path, settings: Settings) -> tuple[_Chosen, Policy]:
    """The archive for a requirement; what was chosen before is kept for `--offline`."""
    try:
        import pypi_simple  # noqa: F401 - is it there?
    except ImportError:
        raise MachineError(f"pypi:{rest}: reading a package index needs pypi-simple; install it (pip install 'hpcraft[hub]')") from None
    indexes = configured_indexes()
    policy = policy_of(settings, indexes.certificates)
    memory = folder / f"{hashlib.sha256(str(wanted.specifier).encode()).hexdigest()[:16]}.json"
    if settings.offline and memory.is_file():
        return _Chosen(**read_json(memory)), policy
    if not indexes.urls:
        raise InputError(f"pypi:{rest}: pip is configured for no index here (no-index); set PIP_INDEX_URL")
    found = [package for url in indexes.urls for package in _listed(rest, wanted.name, url, policy)]
    chosen = _newest(rest, wanted, found)
    write_json(memory, {"version": chosen.version, "filename": chosen.filename, "url": shown(chosen.url), "sha256": chosen.sha256})
    return chosen, policy


def _listed(rest: str, name: str, index: str, policy: Policy) -> list[DistributionPackage]:
    """What one index has of a package; nothing where it doesn't know it."""
    from packaging.utils import canonicalize_name
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError

    page = f"{index}/{canonicalize_name(name)}/"
    if urlsplit(index).scheme == "file":
        file = _local(page) / "index.html"
        return ProjectPage.from_html(name, file.read_bytes(), base_url=page).packages if file.is_file() else []
    try:
        answer = fetch_text(page, policy, accept=_ACCEPT)
    except NotFoundError:
        return []
    except InputError as error:
        raise InputError(f"pypi:{rest}: {error}") from None
    try:
        if "json" in answer.kind:
            packages = ProjectPage.from_json_data(json.loads(answer.content), base_url=answer.url).packages
        else:
            packages = ProjectPage.from_html(name, answer.content, base_url=answer.url).packages
    except (ValueError, UnsupportedRepoVersionError) as error:
        raise InputError(f"pypi:{rest}: the index answers what isn't a page of an index ({' '.join(str(error).split())})") from None
    # A page that came over the network never leads to a file of this machine, nor from https to http.
    safe = ("https",) if urlsplit(index).scheme == "https" else ("https", "http")
    return [package for package in packages if urlsplit(package.url).scheme in safe]


def _newest(rest: str, wanted: Requirement, found: list[DistributionPackage]) -> _Chosen:
    from packaging.version import InvalidVersion, Version

    if not found:
        raise InputError(f"pypi:{rest}: no index that pip is configured for has a package of this name")
    pinned = any(bound.operator in ("==", "===") for bound in wanted.specifier)
    fitting: dict[Version, DistributionPackage] = {}
    for package in found:
        try:
            version = Version(package.version or "")
        except InvalidVersion:
            continue
        if package.package_type == "sdist" and package.filename.endswith(_ARCHIVES) and (pinned or not package.is_yanked):
            fitting.setdefault(version, package)
    if not fitting:
        raise InputError(f"pypi:{rest}: has only built packages (wheels) and no source archive; use git: or archive: with its repository")
    allowed = list(wanted.specifier.filter(fitting))
    if not allowed:
        known = ", ".join(str(version) for version in sorted(fitting)[-5:])
        raise InputError(f"pypi:{rest}: no source archive of such a version; the newest are {known}")
    version = max(allowed)
    package = fitting[version]
    return _Chosen(version=str(version), filename=package.filename, url=package.url, sha256=package.digests.get("sha256", "").lower())


def _archive(chosen: _Chosen, folder: Path, policy: Policy) -> Path:
    if urlsplit(chosen.url).scheme != "file":
        return download(chosen.url, folder / Path(chosen.filename).name, policy, sha256=chosen.sha256)
    file = _local(chosen.url)
    if not file.is_file() or (chosen.sha256 and sha256_file(file) != chosen.sha256):
        raise InputError(f"{file}: missing, or not the file that the index describes")
    return file


def _local(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))
