-- What issuers of tokens call a tenant. A name means one tenant of the installation, whoever asks.

create table tenant_names (
    tenant_id  uuid        not null references tenants (id),
    issuer     text        not null check (char_length(issuer) between 1 and 500),
    name       text        not null check (char_length(name) between 1 and 255),
    created_at timestamptz not null default now(),
    primary key (issuer, name)
);
create index tenant_names_by_tenant on tenant_names (tenant_id);
call isolate_by_tenant('tenant_names');
grant select, insert, update, delete on tenant_names to sba_app;

-- As with tenants: this lets the owner, which no process connects as, see the rows of this one table.
do $$
begin
    execute format('create policy seen_by_owner on tenant_names for select to %I using (true)', current_user);
end
$$;

-- The id of the tenant that an issuer calls so; nothing else of it. It runs as its owner, so it looks for nothing in a
-- schema that others may write to.
do $$
begin
    execute format($function$
        create function tenant_named(by_issuer text, called text) returns uuid
        language sql stable security definer set search_path = %I, pg_temp as $body$
            select tenant_id from tenant_names where issuer = by_issuer and name = called
        $body$
    $function$, current_schema());
end
$$;
revoke execute on function tenant_named(text, text) from public;
grant execute on function tenant_named(text, text) to sba_app;
