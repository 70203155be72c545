#!/usr/bin/env bash
# The virtual environment .venv/ with the exact versions of requirements.lock and hpcraft itself, editable.
# Does nothing when the stamp says that it was made from the present lock, pyproject.toml and native sources, here.
#
# Usage: setup/python.sh [--find | --lock]
#   --find   print the Python that would be used, fail when there is none
#   --lock   renew requirements.lock: the newest versions that pyproject.toml allows; torch stays as locked
#            unless TORCH=VERSION says otherwise
set -euo pipefail
cd "$(dirname "$0")/.."
log=.venv/setup.log
stamp=.venv/.setup-stamp
extras=train,rl,tensorboard,hub,slurm,numba,psyclone,loopy,dev

say() { echo "setup: $*"; }

find_python() {
    local name
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    return 1
}

step() { # one line for people, the rest in the log; the log's end when it fails
    local text=$1
    shift
    say "$text"
    "$@" >>"$log" 2>&1 && return
    tail -n 25 "$log" >&2
    say "failed: $text; the whole log is in $log" >&2
    exit 1
}

# torch goes first and by its plain name: which build that is (CPU or CUDA) is pip's own configuration's choice,
# and everything after it is content with the one that is there.
install_torch() { "$1" -m pip install --disable-pip-version-check "torch==$2"; }

locked_torch() { sed -n 's/^torch==//p' requirements.lock; }

codebleu() { sed -n 's/^codebleu = \["\(.*\)"\]$/\1/p' pyproject.toml; }

make_lock() {
    local python folder=.venv/lock
    python=$(find_python)
    rm -rf "$folder"
    mkdir -p .venv
    : >"$log"
    step "a fresh environment" "$python" -m venv "$folder"
    step "torch ${TORCH:-$(locked_torch)}" install_torch "$folder/bin/python" "${TORCH:-$(locked_torch)}"
    step "hpcraft's dependencies" "$folder/bin/python" -m pip install --disable-pip-version-check -e ".[$extras]"
    "$folder/bin/python" -m pip check
    # Its metadata forbids our tree-sitter, on which its code runs; nothing else may be installed against a package's word.
    step "$(codebleu)" "$folder/bin/python" -m pip install --disable-pip-version-check --no-deps "$(codebleu)"
    # Local builds (+cpu) and the CUDA libraries that torch brings along on a machine with them are torch's own affair.
    {
        echo "# Exact versions of everything that make installs; renewed by \`make lock\`."
        "$folder/bin/python" -m pip freeze --all --exclude-editable --exclude pip --exclude wheel |
            grep -v -i -E '^(#|hpcraft|nvidia-|cuda-|triton)' | sed -E 's/\+[A-Za-z0-9.]+$//'
    } >requirements.lock.new
    mv requirements.lock.new requirements.lock
    rm -rf "$folder"
    say "requirements.lock renewed"
}

case ${1:-} in
    --find)
        find_python
        exit
        ;;
    --lock)
        make_lock
        exit
        ;;
esac

wanted=$({
    pwd
    cat requirements.lock pyproject.toml setup/python.sh tokenizer/native/*
} | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
python=$(find_python) || {
    say "no Python 3.11, 3.12 or 3.13 with the venv module was found; install one (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2
    exit 1
}
# A folder that was moved has scripts that point to where it was.
if [ -f .venv/pyvenv.cfg ] && ! grep -qF "$(pwd -P)/.venv" .venv/pyvenv.cfg; then rm -rf .venv; fi
mkdir -p .venv
exec 9>.venv/.setup-lock
flock 9
: >"$log"
rm -f "$stamp"
.venv/bin/python -m pip --version >/dev/null 2>&1 || step "virtual environment .venv with $("$python" --version)" "$python" -m venv .venv
.venv/bin/python -c "import importlib.metadata as m, sys; sys.exit(m.version('torch').split('+')[0] != '$(locked_torch)')" 2>/dev/null ||
    step "torch $(locked_torch)" install_torch .venv/bin/python "$(locked_torch)"
# The lock is whole, so nothing has to be resolved, and codebleu's outdated wish for another tree-sitter doesn't count.
step "Python packages of requirements.lock" .venv/bin/python -m pip install --disable-pip-version-check --no-deps -r requirements.lock
step "hpcraft itself" .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "$wanted" >"$stamp"
