#!/usr/bin/env bash
# Says what is missing on this machine before an hour has gone into finding out.
# Usage: scripts/tools.sh [rust] [rust-lint] [c++] [python] [node]
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null; }

for tool in "$@"; do
    case $tool in
    rust)
        have cargo || missing+=("Rust 1.90 or newer, with cargo: https://rustup.rs")
        have cc || missing+=("a C compiler: apt-get install gcc libc6-dev, or xcode-select --install")
        ;;
    rust-lint)
        cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
            missing+=("rustfmt and clippy: rustup component add rustfmt clippy")
        ;;
    c++)
        have c++ || missing+=("a C++ compiler: apt-get install g++, or xcode-select --install")
        ;;
    python)
        have "${PYTHON:-python3}" || missing+=("Python 3.11 or newer: apt-get install python3 python3-venv")
        ;;
    node)
        if ! have node || ! have npm; then
            missing+=("Node.js 20.19 or newer, with npm: https://nodejs.org")
        elif ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
            missing+=("Node.js 20.19 or newer (this is $(node --version)): https://nodejs.org")
        fi
        ;;
    *)
        echo "tools.sh: unknown tool $tool" >&2
        exit 2
        ;;
    esac
done

if ((${#missing[@]})); then
    echo "Please install what is missing:" >&2
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
fi
