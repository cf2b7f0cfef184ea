# For scripts of checks: does each by name, and says at the end what failed and what could not run. The latter is a failure
# where CI=true.
failed=
skipped=

run() {
    name=$1
    shift
    echo "== $name" >&2
    "$@" || failed="$failed
  $name"
}
skip() {
    skipped="$skipped
  $1: $2"
}
finish() {
    status=0
    if [ -n "$skipped" ]; then
        echo "could not run:$skipped"
        [ "${CI:-}" = true ] && status=1
    fi
    if [ -n "$failed" ]; then
        echo "failed:$failed"
        status=1
    fi
    [ "$status" = 0 ] && echo "$1: ok"
    exit "$status"
}
