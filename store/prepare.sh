#!/usr/bin/env bash
# Regenerates .sqlx, the metadata that queries are checked against when no database is at hand.
#
#   DATABASE_URL=postgres://… store/prepare.sh
#
# The URL names an empty database, on a server with pgvector, of a role that may install extensions and create
# roles. psql is taken from PATH, or from where PSQL says. The file of an unchanged query does not change.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATABASE_URL:?an empty Postgres database is needed, see the head of this script}"

psql=("${PSQL:-psql}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction "$DATABASE_URL")
# sqlx's own record of what was migrated comes before the first migration, which grants it.
"${psql[@]}" --command 'create table _sqlx_migrations (
    version bigint primary key, description text not null, installed_on timestamptz not null default now(),
    success boolean not null, checksum bytea not null, execution_time bigint not null)'
for migration in migrations/*.sql; do
    "${psql[@]}" --file "$migration"
done

# The macros write beside the old files, so that a build which runs meanwhile always finds what it needs.
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
touch store/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh cargo check --package sba-store
mkdir -p .sqlx
cp "$fresh"/query-*.json .sqlx/
for file in .sqlx/query-*.json; do
    [ -e "$fresh/$(basename "$file")" ] || rm "$file"
done
