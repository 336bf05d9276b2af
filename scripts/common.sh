# Functions that the scripts share. Source this file with the checkout as the working directory.
# shellcheck shell=sh

die() {
    echo "wherry: $*" >&2
    exit 1
}

say() {
    echo "wherry: $*" >&2
}

# at_least HAVE WANTED: compares versions such as 6.10 and 6.2.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

require_linux() {
    [ "$(uname -s)" = Linux ] || die "containers need Linux; this is $(uname -s)."
    at_least "$(uname -r)" 5.12 || die "the kernel is $(uname -r); 5.12 or later is needed (openat2, mount_setattr)."
}

require_swift() {
    command -v swift >/dev/null ||
        die "no Swift toolchain in PATH; install Swift 6.2 or later from https://www.swift.org/install/linux."
    # Not in a pipe: the pipe's status would hide a failure of swift itself.
    swift_version=$(swift --version 2>/dev/null) || die "'swift --version' fails; is the toolchain complete?"
    swift_version=$(echo "$swift_version" | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    at_least "${swift_version:-0}" 6.2 || die "Swift is ${swift_version:-of an unknown version}; 6.2 or later is needed."
}

require_root() {
    [ "$(id -u)" = 0 ] || die "$1 needs root: sudo env PATH=\"\$PATH\" make $2"
}

# require_packages PACKAGE...: installs missing packages. With NO_PACKAGES=1 it assumes that all are installed.
require_packages() {
    [ "${NO_PACKAGES:-}" != 1 ] || return 0
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this is neither Debian nor Ubuntu; install what corresponds to: $*. Then say NO_PACKAGES=1 make …"
    missing=
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || die "packages are missing; as root: apt-get install$missing"
    say "installing$missing"
    # Without a network, the existing package lists may still be sufficient.
    DEBIAN_FRONTEND=noninteractive apt-get -q -q update </dev/null || say "apt-get update failed; trying all the same"
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get -q -q install -y --no-install-recommends $missing </dev/null >/dev/null ||
        die "apt-get could not install$missing."
}

# The static archives come with the -dev packages.
library_packages="libcap-dev libseccomp-dev libyajl-dev musl-dev"
build_packages="$library_packages python3"
# The headers of the kernel come with this machine's compiler.
foreign_packages="$library_packages linux-libc-dev"

# The folder that has release/wherry after build_release; the processor, if it's not this machine's.
build=.build
foreign=

# use_architecture NAME: build_release builds for the processor with this name of Debian's, into a folder of its own.
use_architecture() {
    case $1 in
        amd64) processor=x86_64 ;;
        arm64) processor=aarch64 ;;
        *) die "ARCH is '$1'; it can be amd64 or arm64." ;;
    esac
    build=.build/$1
    [ $processor != "$(uname -m)" ] || return 0
    [ $processor = aarch64 ] || die "the program for $1 can only be built on such a machine."
    foreign=$processor
    sysroot=${WHERRY_SYSROOT:-$(pwd)/$build/sysroot}
}

# require_guest_packages: what conformance/vm needs for a guest with the chosen processor.
require_guest_packages() {
    emulator=qemu-system-x86
    case $foreign,$(uname -m) in
        aarch64,*) emulator="qemu-system-arm qemu-user-static" ;;
        ,aarch64) emulator=qemu-system-arm ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    require_packages $emulator mmdebstrap e2fsprogs kmod python3 xz-utils
}

# Runs `swift build`. For a foreign processor Package.swift needs to know where its libraries are. The toolchain has Embedded
# Swift for Linux only on its own processor; on every other one it has it for programs without a system, which serves as well.
swift_build_release() {
    set -- --scratch-path "$build" -c release --disable-local-rpath --product wherry
    if [ -z "$foreign" ]; then
        swift build "$@"
    else
        WHERRY_PROCESSOR=$foreign WHERRY_SYSROOT=$sysroot PKG_CONFIG_PATH=$sysroot/usr/lib/$foreign-linux-gnu/pkgconfig \
            swift build --triple "$foreign-none-none-elf" "$@"
    fi
}

build_release() {
    # shellcheck disable=SC2086 # a list of words
    [ -z "$foreign" ] || [ -n "${WHERRY_SYSROOT:-}" ] || scripts/sysroot "${build##*/}" "$sysroot" $foreign_packages
    # The commit that `wherry --version` shows: "unknown" for a tree without git, or one that git doesn't trust.
    WHERRY_COMMIT=$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null) || WHERRY_COMMIT=unknown
    export WHERRY_COMMIT
    WHERRY_MAP="$(pwd)/$build/release.map" swift_build_release
    scripts/arrange $build/release/wherry $build/release.map >$build/release.ld
    WHERRY_ARRANGEMENT="$(pwd)/$build/release.ld" swift_build_release
}
