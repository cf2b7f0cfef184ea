-- What starts runs by the clock. A row is the truth about a schedule; the message in JetStream only wakes.

create table schedules (
    tenant_id    uuid        not null references tenants (id),
    id           uuid        not null,
    name         text        not null default '' check (char_length(name) <= 200),
    status       text        not null default 'active' check (status in ('active', 'paused', 'ended')),
    timing       jsonb       not null check (timing ->> 'kind' in ('once', 'cron', 'interval')),
    missed       text        not null check (missed in ('skip', 'once')),
    request      jsonb       not null,
    created_by   uuid        not null,
    next_at      timestamptz,
    last_firing  jsonb,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    primary key (tenant_id, id),
    check ((next_at is not null) = (status = 'active'))
);
comment on column schedules.timing is 'when its moments are';
comment on column schedules.missed is 'what becomes of moments at which nothing could be started';
comment on column schedules.request is 'the first event of each of its runs, but for the tenant''s settings';
comment on column schedules.next_at is 'its next moment; null while it is paused and once it has ended';
comment on column schedules.last_firing is 'what became of the last moment that was seen to';
create index schedules_by_time on schedules (tenant_id, created_at desc, id desc);
call isolate_by_tenant('schedules');
grant select, insert, update, delete on schedules to sba_app;
