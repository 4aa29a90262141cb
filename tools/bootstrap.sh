#!/usr/bin/env bash
# Makes the project's environment in $1: a venv, uv inside it, and what uv.lock names: what runs Voltherd, and with
# "dev" as $2 what checks it as well. Works offline once the user's caches hold the wheels (uv's own wheel is kept
# beside Voltherd's cache for that reason).
set -euo pipefail
venv=$1
uv_version=$(sed -n '/^name = "uv"$/{n;s/^version = "\(.*\)"$/\1/p}' uv.lock)
[ -n "$uv_version" ] || { echo "error: uv.lock names no version of uv" >&2; exit 2; }

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
[ -n "$python" ] || { echo "error: Voltherd needs Python 3.11 or later on the PATH (or PYTHON=/path/to/python3)" >&2; exit 2; }

wheels=${XDG_CACHE_HOME:-$HOME/.cache}/voltherd/bootstrap
mkdir -p "$wheels" 2>/dev/null || wheels=$(mktemp -d)
pip_of_venv() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    # Debian ships python3 without ensurepip: then the venv is made bare and the system's pip fills it.
    if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
        rm -rf "$venv"
        "$python" -m venv --without-pip "$venv"
        if ! "$python" -m pip --version >/dev/null 2>&1; then
            rm -rf "$venv"
            echo "error: $python has neither venv nor pip; install them (Debian, Ubuntu: apt install python3-venv)" >&2
            exit 2
        fi
        pip_of_venv() { "$python" -m pip --disable-pip-version-check --python "$venv/bin/python" "$@"; }
    fi
fi
if ! "$venv/bin/uv" --version 2>/dev/null | grep -q "^uv $uv_version\b"; then
    echo "environment: getting uv $uv_version"
    pip_of_venv install --quiet --no-index --find-links "$wheels" "uv==$uv_version" 2>/dev/null || {
        "$python" -m pip --disable-pip-version-check download --quiet --no-deps --dest "$wheels" "uv==$uv_version" 2>/dev/null ||
            pip_of_venv download --quiet --no-deps --dest "$wheels" "uv==$uv_version"
        pip_of_venv install --quiet --no-index --find-links "$wheels" "uv==$uv_version"
    }
fi
if [ "${2:-}" = dev ]; then
    echo "environment: uv sync --frozen, with what the checks need"
    UV_PROJECT_ENVIRONMENT=$venv "$venv/bin/uv" sync --frozen --quiet
else
    echo "environment: uv sync --frozen"
    UV_PROJECT_ENVIRONMENT=$venv "$venv/bin/uv" sync --frozen --quiet --no-dev --inexact
fi
