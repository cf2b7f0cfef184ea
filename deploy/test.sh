#!/bin/sh
# Runs the checks and tests: test.sh <all|lint>. What failed and what could not run is listed by name at the end; the
# latter is a failure where CI=true.
set -u

cd "$(dirname -- "$0")/.." || exit 1
what=$1
. deploy/report.sh

if cargo fmt --version >/dev/null 2>&1; then
    run format cargo fmt --all --check
else
    skip format "rustfmt is not installed (rustup component add rustfmt)"
fi
if cargo clippy --version >/dev/null 2>&1; then
    run lints cargo clippy --locked --workspace --all-targets -- -D warnings
else
    skip lints "clippy is not installed (rustup component add clippy)"
fi
run documentation env RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --quiet

if [ "$what" = all ]; then
    sba=${CARGO_TARGET_DIR:-target}/debug/sba
    # The tests start servers under this program.
    if cargo build --locked --workspace --bins --tests; then
        if "$sba" parts fetch >/dev/null; then
            # One nats-server and one Postgres for all: each test has an account and a database of its own.
            if cargo nextest --version >/dev/null 2>&1; then
                run tests "$sba" servers -- cargo nextest run --locked --workspace --no-fail-fast
            else
                run tests "$sba" servers -- cargo test --locked --workspace --lib --bins --tests --no-fail-fast
            fi
        else
            skip tests "the servers and models could not be fetched"
        fi
        run "SDK and console" env SBA_BIN="$sba" deploy/web.sh
        run "documentation tests" cargo test --locked --workspace --doc --quiet
    else
        failed="$failed
  build"
    fi
fi

finish "$what"
