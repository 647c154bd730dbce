#!/usr/bin/env bash
# Tests the Swift package, with the Swift of this machine or the one that scripts/swift.sh sets up.
# Arguments are those of `swift test`, such as `--filter Cancellation`.
set -euo pipefail

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
swift=$package/scripts/swift.sh

# The toolchain is fetched while the library is built.
"$swift" --version >/dev/null &
toolchain=$!
library=$("$package/scripts/native.sh" dev)
wait "$toolchain"

"$swift" format lint --strict --recursive Package.swift Sources/M365Kit Tests
export M365KIT_CONFORMANCE=${M365KIT_CONFORMANCE:-$(dirname "$package")/tests/conformance}
exec "$swift" test -Xlinker "-L$library" "$@"
