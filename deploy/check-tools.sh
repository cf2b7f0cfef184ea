#!/bin/sh
# Says what is missing on this machine before anything long begins.
set -u

missing=0
want() {
    echo "missing: $1" >&2
    missing=1
}

command -v cargo >/dev/null 2>&1 || want "cargo; install Rust as described at https://rustup.rs"

if command -v cc >/dev/null 2>&1; then
    # A compiler without a linker or the C library's files is found out here, not after minutes.
    folder=$(mktemp -d) || exit 1
    echo 'int main(void) { return 0; }' >"$folder/main.c"
    cc -o "$folder/main" "$folder/main.c" >/dev/null 2>&1 ||
        want "a working linker for cc (Debian: apt install build-essential; macOS: xcode-select --install)"
    rm -rf "$folder"
else
    want "a C compiler called cc (Debian: apt install build-essential; macOS: xcode-select --install)"
fi

if command -v python3 >/dev/null 2>&1; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        want "Python 3.10 or later; python3 is $(python3 -c 'import platform; print(platform.python_version())')"
    python3 -m pip --version >/dev/null 2>&1 || want "pip for python3 (Debian: apt install python3-pip)"
else
    want "python3, 3.10 or later"
fi

exit "$missing"
