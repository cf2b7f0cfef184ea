-- Tools that customers serve.

create table served_tools (
    tenant_id   uuid        not null references tenants (id),
    name        text        not null check (name ~ '^x_[a-z0-9_]{1,46}$'),
    description text        not null check (char_length(description) between 1 and 1000),
    parameters  jsonb       not null check (jsonb_typeof(parameters) = 'object'),
    effect      text        not null check (effect in ('pure', 'idempotent', 'at_most_once')),
    deadline_ms bigint      not null check (deadline_ms > 0),
    updated_at  timestamptz not null default now(),
    primary key (tenant_id, name)
);
comment on column served_tools.parameters is 'what a model gives it, as a JSON Schema of an object';
comment on column served_tools.effect is 'what repeating a call does';
call isolate_by_tenant('served_tools');
grant select, insert, update, delete on served_tools to sba_app;
