#!/usr/bin/env bash
# Leaves the Swift package in target/package/M365Kit: sources, the generated layer with its header, and the release build of
# the native library for this machine. On Linux an application is built on it with
# `swift build -Xlinker -L…/M365Kit/lib/<system>-<machine>`.
set -euo pipefail

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
project=$(dirname "$package")
made=$project/target/package/M365Kit
library=$("$package/scripts/native.sh" release)
system=$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)

rm -rf "$made"
mkdir -p "$made/lib/$system"
cp -R "$package/Sources" "$package/README.md" "$made/"
# Without the tests, which need the scenarios of the repository.
sed '/\.testTarget(/d' "$package/Package.swift" >"$made/Package.swift"
cp "$library/libm365kit_swift.a" "$made/lib/$system/"
printf '%s\n' "$made"
