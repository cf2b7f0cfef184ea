#!/bin/sh
# Builds SBA's processes as tests have them, and puts an installation through faults: chaos.sh [--minutes n] [--seed s].
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=${CARGO_TARGET_DIR:-$here/target}/debug
cargo build --manifest-path "$here/Cargo.toml" --locked --package sba --bin sba --package sba-tests --bin chaos
"$folder/sba" parts fetch >/dev/null
exec "$folder/chaos" run --keep "$folder/chaos-logs" "$@"
