#!/usr/bin/env bash
# On a Mac: builds the native crate for macOS, iOS and the iOS simulator, joins the three into an XCFramework, and leaves in
# target/package/swift-release what a release consists of: the archive of the framework, and a package of sources whose
# manifest names the archive by URL and checksum. That package is pushed to a repository of its own, because SwiftPM wants
# Package.swift at the root of one.
# Usage: scripts/xcframework.sh URL   (where the archive will be found)
#
# UNTESTED: this has not run on a Mac yet. Until it has, take what it makes with that in mind.
set -euo pipefail

[ "$(uname -s)" = Darwin ] || {
    echo "xcframework.sh: an XCFramework is made by Xcode, on a Mac." >&2
    exit 1
}
url=${1:?usage: scripts/xcframework.sh URL}
package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
project=$(dirname "$package")
made=$project/target/package/swift-release
name=M365KitNativeFFI
cd "$project"

# Writes the header and the Swift side of the crossing.
"$package/scripts/native.sh" dev >/dev/null

rm -rf "$made"
mkdir -p "$made/headers" "$made/M365Kit"
cp "$package/Sources/FFI/$name.h" "$package/Sources/FFI/module.modulemap" "$made/headers/"
# The archive links itself; the name is that of Linux's search path.
sed -i '' '/link "m365kit_swift"/d' "$made/headers/module.modulemap"

target=$(cargo metadata --format-version 1 --no-deps | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')
libraries=()
for platform in aarch64-apple-darwin aarch64-apple-ios aarch64-apple-ios-sim; do
    rustup target add "$platform"
    cargo build --package m365kit-swift --lib --release --target "$platform"
    libraries+=(-library "$target/$platform/release/libm365kit_swift.a" -headers "$made/headers")
done
xcodebuild -create-xcframework "${libraries[@]}" -output "$made/$name.xcframework"
(cd "$made" && zip -qry "$name.xcframework.zip" "$name.xcframework")
checksum=$(swift package --package-path "$package" compute-checksum "$made/$name.xcframework.zip")

cp -R "$package/Sources" "$package/README.md" "$made/M365Kit/"
rm -r "$made/M365Kit/Sources/FFI"
# The frameworks are those that the verification of certificates and the system's proxy settings need.
sed -e '/\.testTarget(/d' \
    -e "s|\.systemLibrary(name: \"$name\".*|.binaryTarget(name: \"$name\", url: \"$url\", checksum: \"$checksum\"),|" \
    -e 's|swiftSettings: \[.swiftLanguageMode(.v5)\]|swiftSettings: [.swiftLanguageMode(.v5)], linkerSettings: [.linkedFramework("Security"), .linkedFramework("SystemConfiguration"), .linkedFramework("CoreFoundation")]|' \
    "$package/Package.swift" >"$made/M365Kit/Package.swift"
echo "$made"
