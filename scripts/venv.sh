#!/usr/bin/env bash
# Makes a Python virtual environment, with what the system lacks for that.
# Usage: scripts/venv.sh FOLDER
set -euo pipefail

folder=${1:?usage: scripts/venv.sh FOLDER}
python=${PYTHON:-python3}

fail() {
    printf 'venv.sh: %s\n' "$*" >&2
    exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed, and '$python' is not. Install one, or name it: make PYTHON=python3.12 ..."

# Debian and its relatives ship Python without what makes environments.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    command -v apt-get >/dev/null ||
        fail "'$python' has no module venv with ensurepip. Install it with the packages of your system."
    [ "$(id -u)" = 0 ] ||
        fail "'$python' cannot make virtual environments. Run: sudo apt-get install python$version-venv"
    echo "venv.sh: installing python$version-venv" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
        "python$version-venv" >&2
fi

"$python" -m venv --clear "$folder"
