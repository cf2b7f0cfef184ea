-- What workers must remember: which effects were begun, and which jobs take their worker with them.

create table tool_effects (
    tenant_id   uuid        not null references tenants (id),
    call_id     uuid        not null,
    tool_name   text        not null check (char_length(tool_name) between 1 and 64),
    params_hash bytea       not null check (octet_length(params_hash) = 32),
    begun_at    timestamptz not null default now(),
    finished_at timestamptz,
    result      jsonb,
    primary key (tenant_id, call_id),
    check ((finished_at is null) = (result is null))
);
comment on table tool_effects is 'calls of tools that change something: written before the effect, so that a repeat is seen';
comment on column tool_effects.finished_at is 'null while nobody knows whether the call had its effect';
create index tool_effects_by_time on tool_effects (tenant_id, begun_at);
call isolate_by_tenant('tool_effects');
grant select, insert, update, delete on tool_effects to sba_app;

create table job_starts (
    tenant_id  uuid        not null references tenants (id),
    job_id     uuid        not null,
    starts     integer     not null default 1 check (starts > 0),
    started_at timestamptz not null default now(),
    primary key (tenant_id, job_id)
);
comment on table job_starts is 'jobs that were delivered suspiciously often: how often work on each began and never ended';
call isolate_by_tenant('job_starts');
grant select, insert, update, delete on job_starts to sba_app;
