-- Keys by which a tenant's machines show who they are. Of a key's secret only the hash is kept.

create table api_keys (
    tenant_id  uuid        not null references tenants (id),
    id         uuid        not null,
    name       text        not null check (char_length(name) between 1 and 200),
    roles      text[]      not null check (cardinality(roles) > 0 and roles <@ '{viewer,member,tenant_admin}'),
    created_by uuid        not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    rotated_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id)
);
comment on column api_keys.roles is 'what it lets its holder be; never the operator of the installation';
create index api_keys_by_time on api_keys (tenant_id, created_at desc, id desc);
call isolate_by_tenant('api_keys');
grant select, insert, update, delete on api_keys to sba_app;

-- A key has one secret, and after a rotation the former ones for as long as they overlap.
create table api_key_secrets (
    tenant_id uuid        not null,
    key_id    uuid        not null,
    hash      bytea       not null check (octet_length(hash) = 32),
    since     timestamptz not null,
    until     timestamptz not null,
    primary key (tenant_id, key_id, hash),
    foreign key (tenant_id, key_id) references api_keys (tenant_id, id) on delete cascade
);
comment on column api_key_secrets.hash is 'SHA-256 of the secret; the secret itself is never stored';
call isolate_by_tenant('api_key_secrets');
grant select, insert, update, delete on api_key_secrets to sba_app;
