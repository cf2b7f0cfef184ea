-- Who was let into a tenant's account on NATS. Nothing here is secret: signing keys are derived, seeds are not kept.

create table nats_accounts (
    tenant_id  uuid    primary key references tenants (id),
    generation integer not null default 1 check (generation > 0)
);
comment on table nats_accounts is 'a row is locked while the account''s claims are made, so that none go out that lack another''s change';
comment on column nats_accounts.generation is 'which of the derived keys signs users; the next one makes all credentials void';
call isolate_by_tenant('nats_accounts');
grant select, insert, update, delete on nats_accounts to sba_app;

create table nats_credentials (
    tenant_id  uuid        not null references tenants (id),
    public_key text        not null check (public_key ~ '^U[A-Z2-7]{55}$'),
    user_id    uuid        not null,
    roles      text[]      not null,
    scopes     text[]      not null,
    issued_at  timestamptz not null,
    expires_at timestamptz not null check (expires_at > issued_at),
    revoked_at timestamptz,
    primary key (tenant_id, public_key)
);
comment on column nats_credentials.user_id is 'on whose behalf its holder acts, with these roles';
create index nats_credentials_by_expiry on nats_credentials (tenant_id, expires_at);
call isolate_by_tenant('nats_credentials');
grant select, insert, update, delete on nats_credentials to sba_app;
