#!/usr/bin/env bash
# Runs `swift "$@"` in this package: `scripts/swift.sh build`, `scripts/swift.sh test`, `scripts/swift.sh --version`.
#
# A Swift on PATH is used as it is. Otherwise, on Debian, the toolchain that Debian 13 packages is installed once into a
# chroot below ${XDG_CACHE_HOME:-~/.cache}/m365kit (a minute or two and 3.3 GB; remove the folder to start afresh).
# The project is seen in there under its own path, read-write, and what is built belongs to the caller.
set -euo pipefail

package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
project=$(dirname "$package")
self=$package/scripts/swift.sh
cache=${XDG_CACHE_HOME:-$HOME/.cache}/m365kit
# `sudo` may give the half that runs as root another home.
rootfs=${M365KIT_SWIFT_ROOTFS:-$cache/swift-trixie}
stamp=$rootfs/.m365kit-complete

# What the stamp must hold. A change here makes a new chroot; Debian keeps the rest of the version for the life of a release.
suite=trixie
version='6.0.*'
packages=(swiftlang swiftlang-dev libc6-dev g++)
recipe="$suite swiftlang $version ${packages[*]} 1"

say() { printf 'swift.sh: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Says whether PATH has Swift; OpenStack has a command of the same name.
on_path() { swift --version 2>&1 | grep -q 'Swift version'; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env "$@"
    else
        fail "making the Swift chroot needs root. Run this as root, install sudo, or put a Swift 6 toolchain on PATH (https://www.swift.org/install/)."
    fi
}

# Everything that mounts runs in a mount namespace of its own: the kernel takes the mounts away with the last process in
# it, however that ends, two runs at once do not see each other's, and nothing can be deleted through one later.
in_namespace() {
    as_root unshare --mount --propagation private -- "$BASH" "$self" "$@"
}

# The mirror that this machine uses for its own release of Debian. apt names it only when it has fetched its lists.
mirror() {
    local codename found
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    found=$(listed_mirror "$codename")
    if [ -z "$found" ]; then
        as_root apt-get update -qq >&2
        found=$(listed_mirror "$codename")
    fi
    [ -n "$found" ] || fail "found no Debian mirror for '$codename' in this machine's apt sources."
    printf %s "${found%/}"
}

listed_mirror() {
    # shellcheck disable=SC2016  # apt's placeholders, not the shell's
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$1" '$1 == release && !found { found = $2 } END { print found }'
}

check_system() {
    case $(uname -s) in
    Darwin) fail "no Swift found. Install Xcode 16 or newer, or its command line tools: xcode-select --install" ;;
    Linux) ;;
    *) fail "no Swift found, and none can be set up on $(uname -s). Put a Swift 6 toolchain on PATH: https://www.swift.org/install/" ;;
    esac
    local id
    # shellcheck source=/dev/null
    id=$(. /etc/os-release 2>/dev/null && printf %s "${ID:-}")
    [ "$id" = debian ] || fail "no Swift found, and it is set up by itself on Debian only (this is '${id:-unknown}'). Install Swift 6 and put it on PATH: https://www.swift.org/install/"
    command -v unshare >/dev/null || fail "no unshare found. Install util-linux."
}

install_chroot() {
    mkdir -p "$cache"
    exec 9>"$cache/swift-trixie.lock"
    flock 9
    # Another run may have finished it while this one waited.
    if complete; then return 0; fi
    say "setting up Swift in $rootfs (once, a minute or two, 3.3 GB)"
    if ! command -v debootstrap >/dev/null; then
        as_root apt-get update -qq >&2
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap debian-archive-keyring >&2
    fi
    local began=$SECONDS log=$cache/swift-trixie.log from
    from=$(mirror)
    if ! in_namespace --inside-install "$from" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "could not make the chroot (all of it: $log). Running this again starts over."
    fi
    say "Swift is set up ($((SECONDS - began)) s)"
    exec 9>&-
}

complete() { [ "$(cat "$stamp" 2>/dev/null)" = "$recipe" ]; }

# Runs as root in the namespace: fills a folder beside the final one, and gives it its name when all of it is there.
inside_install() {
    local partial=$rootfs.partial
    rm -rf --one-file-system "$partial" "$rootfs"
    mkdir -p "$partial"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$partial" "$1"
    carry_network_settings "$partial"
    mountpoint -q "$partial/proc" || mount -t proc proc "$partial/proc"
    printf 'Package: swiftlang*\nPin: version %s\nPin-Priority: 1001\n' "$version" >"$partial/etc/apt/preferences.d/swift"
    local run=(env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$partial")
    "${run[@]}" update-ca-certificates
    "${run[@]}" apt-get update
    "${run[@]}" apt-get install -y --no-install-recommends "${packages[@]}"
    "${run[@]}" apt-get clean
    "${run[@]}" dpkg-query --show "${packages[@]}"
    umount "$partial/proc"
    mkdir -m 1777 "$partial/home/build"
    printf '%s\n' "$recipe" >"$partial/.m365kit-complete"
    mv "$partial" "$rootfs"
}

# What lets the host reach its mirror lets the chroot reach it: extra certificates, apt's proxy and transport settings.
# Proxies named by environment variables are inherited.
carry_network_settings() {
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$1/usr/local/share"
        cp -RL /usr/local/share/ca-certificates "$1/usr/local/share/"
    fi
    apt-config dump | grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries|ForceIPv4)' >"$1/etc/apt/apt.conf.d/90host" || true
}

# Runs as root in the namespace: the project appears in the chroot, and the caller's user runs Swift there.
inside_run() {
    local owner=$1
    shift
    mkdir -p "$rootfs$project"
    mount --bind "$project" "$rootfs$project"
    mount -t proc proc "$rootfs/proc"
    mount --rbind /dev "$rootfs/dev"
    cp -L /etc/resolv.conf "$rootfs/etc/resolv.conf"
    # Certificates stand at Debian's usual place in there, wherever the host's variables point.
    # shellcheck disable=SC2016  # expanded by the inner shell
    exec env -u TMPDIR -u SSL_CERT_FILE -u SSL_CERT_DIR \
        PATH=/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux LC_ALL=C.UTF-8 HOME=/home/build \
        chroot --userspec="$owner" "$rootfs" /bin/sh -c 'cd "$1" && shift && exec swift "$@"' sh "$package" "$@"
}

case ${1:-} in
--inside-install) inside_install "$2" ;;
--inside-run) inside_run "${@:2}" ;;
*)
    if on_path; then
        cd "$package"
        exec swift "$@"
    fi
    check_system
    export M365KIT_SWIFT_ROOTFS=$rootfs
    # Not `complete || install_chroot`: inside a list the shell would go on after a failure.
    if ! complete; then install_chroot; fi
    in_namespace --inside-run "$(id -u):$(id -g)" "$@"
    ;;
esac
