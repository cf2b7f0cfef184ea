-- What is to be done, by people, and what runs cost.

create table tasks (
    tenant_id    uuid        not null references tenants (id),
    id           uuid        not null,
    title        text        not null check (char_length(title) between 1 and 200),
    description  text        not null default '' check (char_length(description) <= 10000),
    status       text        not null default 'open' check (status in ('open', 'in_progress', 'completed')),
    assignee     uuid,
    due_at       timestamptz,
    created_by   uuid        not null,
    run_id       uuid,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    completed_at timestamptz,
    primary key (tenant_id, id),
    check ((completed_at is null) = (status <> 'completed'))
);
-- No reference to agent_runs: a worker creates a task before its run's log has been projected.
comment on column tasks.run_id is 'the run that created it; null for a task that was created by hand';
create index tasks_by_time on tasks (tenant_id, created_at desc, id desc);
create index tasks_by_status on tasks (tenant_id, status, created_at desc, id desc);
call isolate_by_tenant('tasks');
grant select, insert, update, delete on tasks to sba_app;

alter table agent_runs add column cost_micros bigint not null default 0 check (cost_micros >= 0);
alter table agent_steps add column cost_micros bigint not null default 0 check (cost_micros >= 0);
comment on column agent_runs.cost_micros is 'millionths of the currency that the prices are configured in';
comment on column agent_steps.cost_micros is 'millionths of the currency that the prices are configured in';
