-- Who did what, and what was asked before.

create table audit_logs (
    tenant_id  uuid        not null references tenants (id),
    id         uuid        not null default gen_random_uuid(),
    user_id    uuid,
    action     text        not null check (char_length(action) between 1 and 64),
    payload    jsonb       not null default '{}',
    request_id text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index audit_logs_by_time on audit_logs (tenant_id, created_at desc, id);
call isolate_by_tenant('audit_logs');
-- Entries are immutable: nothing but insert and select is ever granted here.
grant select, insert on audit_logs to sba_app;

create table idempotency_keys (
    tenant_id   uuid        not null references tenants (id),
    endpoint    text        not null check (char_length(endpoint) between 1 and 100),
    key         text        not null check (char_length(key) between 1 and 255),
    body_hash   bytea       not null check (octet_length(body_hash) = 32),
    resource_id uuid        not null,
    created_at  timestamptz not null default now(),
    primary key (tenant_id, endpoint, key)
);
create index idempotency_keys_by_time on idempotency_keys (tenant_id, created_at);
call isolate_by_tenant('idempotency_keys');
grant select, insert, update, delete on idempotency_keys to sba_app;
