#!/usr/bin/env bash
# Builds the native crate for this machine and writes what the Swift package needs of it: the Swift side of the crossing and
# its header into Sources/ (ignored by git), and the static library into target/swift/<profile>, whose path is printed.
# Usage: scripts/native.sh [dev|release]
set -euo pipefail

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
project=$(dirname "$package")
profile=${1:-dev}
folder=${profile/#dev/debug}
cd "$project"

target=$(cargo metadata --format-version 1 --no-deps | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')

cargo build --quiet --package m365kit-swift --lib --profile "$profile" >&2
# Written anew each time, also because SwiftPM does not watch libraries and links again only when a source is newer.
# The interface is read out of the archive: the dynamic library of a release has been stripped of it.
cargo run --quiet --package m365kit-swift --features bindgen --bin m365kit-swift-bindgen -- \
    "$target/$folder/libm365kit_swift.a" "$package/Sources/M365KitNative" "$package/Sources/FFI" >&2

# Alone in a folder, so that a linker finds the static library only, and inside the project, which is all that the chroot sees.
library=$project/target/swift/$folder
mkdir -p "$library"
cp -f "$target/$folder/libm365kit_swift.a" "$library/"
printf '%s\n' "$library"
