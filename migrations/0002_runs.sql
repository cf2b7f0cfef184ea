-- Runs, as projected from their logs. Only the projector writes here; every row can be rebuilt.
-- `seq` is the last event that a row reflects: an older event never overwrites a newer one.

create table agent_runs (
    tenant_id     uuid        not null references tenants (id),
    id            uuid        not null,
    user_id       uuid,
    session_id    uuid,
    workflow      text        not null,
    status        text        not null check (status in (
        'created', 'running', 'waiting_tool', 'waiting_input', 'paused',
        'cancelling', 'completed', 'failed', 'cancelled')),
    prompt        text        not null,
    request       jsonb       not null default '{}',
    metadata      jsonb       not null default '{}',
    error_code    text,
    error_message text,
    input_tokens  bigint      not null default 0 check (input_tokens >= 0),
    output_tokens bigint      not null default 0 check (output_tokens >= 0),
    attempt       integer     not null default 0 check (attempt >= 0),
    seq           bigint      not null check (seq >= 0),
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    started_at    timestamptz,
    ended_at      timestamptz,
    primary key (tenant_id, id)
);
-- No reference to sessions: a session may be gone before the log of its runs is read.
create index agent_runs_by_time on agent_runs (tenant_id, created_at desc, id desc);
create index agent_runs_by_status on agent_runs (tenant_id, status, created_at desc);
create index agent_runs_by_user on agent_runs (tenant_id, user_id, created_at desc);
call isolate_by_tenant('agent_runs');
grant select, insert, update, delete on agent_runs to sba_app;

create table agent_steps (
    tenant_id     uuid        not null,
    id            uuid        not null,
    run_id        uuid        not null,
    number        integer     not null check (number >= 0),
    attempt       integer     not null check (attempt >= 0),
    kind          text        not null check (kind in ('user', 'model', 'tool', 'system')),
    name          text        not null,
    status        text        not null check (status in ('running', 'completed', 'failed', 'cancelled')),
    input         jsonb,
    output        jsonb,
    error_code    text,
    error_message text,
    input_tokens  bigint      not null default 0 check (input_tokens >= 0),
    output_tokens bigint      not null default 0 check (output_tokens >= 0),
    tool_call_id  uuid,
    seq           bigint      not null check (seq >= 0),
    started_at    timestamptz,
    ended_at      timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, run_id, number),
    foreign key (tenant_id, run_id) references agent_runs (tenant_id, id) on delete cascade
);
call isolate_by_tenant('agent_steps');
grant select, insert, update, delete on agent_steps to sba_app;

create table tool_calls (
    tenant_id     uuid        not null,
    id            uuid        not null,
    run_id        uuid        not null,
    step          integer     not null check (step >= 0),
    tool_name     text        not null,
    effect        text        not null check (effect in ('pure', 'idempotent', 'at_most_once')),
    params        jsonb       not null,
    result        jsonb,
    success       boolean,
    error_code    text,
    error_message text,
    duration_ms   bigint      check (duration_ms >= 0),
    seq           bigint      not null check (seq >= 0),
    created_at    timestamptz not null,
    ended_at      timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, run_id) references agent_runs (tenant_id, id) on delete cascade
);
comment on column tool_calls.success is 'null while the call is under way';
create index tool_calls_by_run on tool_calls (tenant_id, run_id, step);
call isolate_by_tenant('tool_calls');
grant select, insert, update, delete on tool_calls to sba_app;

-- How far a stream has been projected. Belongs to no tenant: one stream carries the runs of all.
create table projection_positions (
    stream     text        primary key,
    epoch      text        not null,
    sequence   bigint      not null check (sequence >= 0),
    record_id  uuid        not null,
    updated_at timestamptz not null default now()
);
comment on column projection_positions.epoch is 'tells one life of the stream from the next: a stream made anew counts from 1 again';
comment on column projection_positions.record_id is 'the message at that sequence; another one there means the stream was restored';
grant select, insert, update, delete on projection_positions to sba_app;
