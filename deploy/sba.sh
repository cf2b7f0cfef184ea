#!/bin/sh
# Builds `sba`, fetches the parts it runs on, and becomes it: sba.sh <debug|release> <arguments of sba…>
set -eu

profile=$1
shift
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=${CARGO_TARGET_DIR:-$here/target}
case $profile in
release) cargo build --manifest-path "$here/Cargo.toml" --locked --package sba --bin sba --release ;;
*) cargo build --manifest-path "$here/Cargo.toml" --locked --package sba --bin sba ;;
esac
"$folder/$profile/sba" parts fetch >/dev/null
exec "$folder/$profile/sba" "$@"
