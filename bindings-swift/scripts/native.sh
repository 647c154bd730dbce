#!/usr/bin/env bash
# Builds the native crate for this machine and puts its static library into target/swift/<profile>, whose path is printed.
# When the crate's interface may have changed, the Swift side of the crossing and its header are written anew into Sources/.
# They are committed, because their generator takes minutes to build.
# Usage: scripts/native.sh [dev|release]
set -euo pipefail

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
project=$(dirname "$package")
profile=${1:-dev}
folder=${profile/#dev/debug}
cd "$project"

target=$(cargo metadata --format-version 1 --no-deps | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')

cargo build --quiet --package m365kit-swift --lib --profile "$profile" >&2
# The interface is read out of the archive: the dynamic library of a release has been stripped of it.
made_from=$(cat "$package"/src/*.rs "$package/bindgen/src/main.rs" "$package/bindgen/Cargo.lock" | cksum)
if [ "$(cat "$package/bindgen/made-from" 2>/dev/null)" != "$made_from" ]; then
    (cd "$package/bindgen" && exec cargo run --quiet --locked --target-dir "$target" -- \
        "$target/$folder/libm365kit_swift.a" "$package/Sources/M365KitNative" "$package/Sources/FFI") >&2
    printf '%s\n' "$made_from" >"$package/bindgen/made-from"
fi

# Alone in a folder, so that a linker finds the static library only, and inside the project, which is all that the chroot sees.
library=$project/target/swift/$folder
mkdir -p "$library"
if ! cmp -s "$target/$folder/libm365kit_swift.a" "$library/libm365kit_swift.a"; then
    cp -f "$target/$folder/libm365kit_swift.a" "$library/"
    # SwiftPM does not watch libraries: what it has linked with the one before goes.
    rm -rf "$package"/.build/*/*/M365KitPackageTests.xctest
fi
printf '%s\n' "$library"
