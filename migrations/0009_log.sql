-- What is known of the log itself: whose runs it has, which of them were removed, and what could not be projected.

-- Tenants that have, or had, runs in the log. Retention looks after them all, and belongs to none.
create table log_tenants (
    tenant_id uuid        primary key references tenants (id),
    since     timestamptz not null default now()
);
grant select, insert on log_tenants to sba_app;

alter table agent_runs add column log_removed_at timestamptz;
comment on column agent_runs.log_removed_at is 'when the run''s log was removed: what stands here is then all there is';
create index agent_runs_with_log on agent_runs (tenant_id, ended_at) where ended_at is not null and log_removed_at is null;

-- What the projector passed over. It is looked at by operators, and forgotten when the run is rebuilt.
create table projection_left_out (
    stream     text        not null,
    sequence   bigint      not null check (sequence >= 0),
    tenant_id  uuid,
    run_id     uuid,
    code       text        not null check (char_length(code) between 1 and 64),
    noticed_at timestamptz not null default now(),
    primary key (stream, sequence)
);
comment on column projection_left_out.sequence is 'the message, or the last one of what the run said in a batch';
create index projection_left_out_by_run on projection_left_out (run_id) where run_id is not null;
grant select, insert, update, delete on projection_left_out to sba_app;
