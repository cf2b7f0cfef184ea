-- Sweeping over all tenants: which tenants there are, and what bytes are named by.

-- Row-level security is forced, so the owner of the tables sees no tenant either. This lets it see the rows of this one
-- table; processes connect as another role, to which the policy says nothing.
do $$
begin
    execute format('create policy seen_by_owner on tenants for select to %I using (true)', current_user);
end
$$;

-- The ids of all tenants, in order, behind `behind`; nothing else of them. It runs as its owner, so it looks for nothing in
-- a schema that others may write to.
do $$
begin
    execute format($function$
        create function tenant_ids(behind uuid, most integer) returns setof uuid
        language sql stable security definer set search_path = %I, pg_temp as $body$
            select id from tenants where behind is null or id > behind order by id limit most
        $body$
    $function$, current_schema());
end
$$;
revoke execute on function tenant_ids(uuid, integer) from public;
grant execute on function tenant_ids(uuid, integer) to sba_app;

create index documents_by_blob on documents (tenant_id, blob);
create index artifacts_by_blob on artifacts (tenant_id, blob);
create index documents_pending on documents (tenant_id, updated_at) where status = 'pending';
create index job_starts_by_time on job_starts (tenant_id, started_at);
