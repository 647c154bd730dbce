#!/usr/bin/env bash
# Builds the program of the benchmark in Swift, on the package in target/package/M365Kit.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
project=$(cd "$here/../../.." && pwd -P)
library=$project/target/package/M365Kit/lib/$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
"$project/bindings-swift/scripts/swift.sh" build --quiet -c release \
    --package-path "$here" --scratch-path "$project/target/bench/swift" -Xlinker "-L$library"
