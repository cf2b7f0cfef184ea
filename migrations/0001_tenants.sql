-- The ground: roles, tenant isolation, tenants and their users' sessions.
-- Migrations run as the owner; processes connect as sba_app (or a member of it), which owns nothing.

create extension if not exists vector;

-- Roles belong to the whole server, so another database's migration may create this one at the same time.
do $$
begin
    if not exists (select from pg_roles where rolname = 'sba_app') then
        create role sba_app login nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- Sets the tenant for the rest of the transaction; outside one it has no effect.
create function set_tenant(tenant uuid) returns void language plpgsql as $$
begin
    perform set_config('app.current_tenant', tenant::text, true);
end
$$;

-- Isolates a table: every migration that creates one calls this. A setting that was never made reads as
-- null and one that a past transaction made reads as empty: both mean no tenant, hence no row.
create procedure isolate_by_tenant(relation regclass, tenant_column name default 'tenant_id')
language plpgsql as $$
declare
    rule text := format(
        '%I = nullif(current_setting(''app.current_tenant'', true), '''')::uuid', tenant_column);
begin
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('create policy tenant_isolation on %s using (%s) with check (%s)', relation, rule, rule);
end
$$;
revoke execute on procedure isolate_by_tenant(regclass, name) from public;

create table tenants (
    id           uuid        primary key,
    account      text        not null unique check (account ~ '^A[A-Z2-7]{55}$'),
    name         text        not null check (char_length(name) between 1 and 200),
    plan         text        not null default 'standard' check (char_length(plan) between 1 and 64),
    quota_tokens bigint      check (quota_tokens >= 0),
    config       jsonb       not null default '{}' check (jsonb_typeof(config) = 'object'),
    generation   bigint      not null default 1 check (generation > 0),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    deleted_at   timestamptz
);
comment on column tenants.account is 'public key of the tenant''s NATS account; never changes';
comment on column tenants.quota_tokens is 'model tokens per month; null means unlimited';
comment on column tenants.generation is 'grows with every change, so that what follows the row can tell old from new';
comment on column tenants.deleted_at is 'a tombstone stays for ever: the id is never given out again';
call isolate_by_tenant('tenants', 'id');
grant select, insert, update on tenants to sba_app;

create table sessions (
    tenant_id  uuid        not null references tenants (id),
    id         uuid        not null,
    user_id    uuid        not null,
    token_hash bytea       not null check (octet_length(token_hash) = 32),
    metadata   jsonb       not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (tenant_id, id)
);
comment on column sessions.token_hash is 'SHA-256 of the session''s token; the token itself is never stored';
create index sessions_by_expiry on sessions (tenant_id, expires_at);
call isolate_by_tenant('sessions');
grant select, insert, update, delete on sessions to sba_app;

-- A process checks at its start that the schema is the one it was built for.
grant select on _sqlx_migrations to sba_app;
