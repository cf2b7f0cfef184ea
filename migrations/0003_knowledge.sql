-- What a tenant knows: documents, the passages that are searched, and what runs made of them.

create table documents (
    tenant_id      uuid        not null references tenants (id),
    id             uuid        not null,
    title          text        not null check (char_length(title) between 1 and 500),
    source         text        not null check (char_length(source) between 1 and 2000),
    media_type     text        not null check (char_length(media_type) between 1 and 200),
    language       text        not null default 'english',
    content_sha256 bytea       not null check (octet_length(content_sha256) = 32),
    bytes          bigint      not null check (bytes >= 0),
    blob           text        not null,
    text           text,
    status         text        not null default 'pending' check (status in ('pending', 'indexed', 'failed')),
    error_code     text,
    error_message  text,
    chunks         integer     not null default 0 check (chunks >= 0),
    created_by     uuid,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    indexed_at     timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, source)
);
comment on column documents.source is 'where it came from: a path, an address or a name; one document for each';
comment on column documents.text is 'the text that was extracted; spans of passages are character offsets into it';
comment on column documents.language is 'name of a text search configuration';
create index documents_by_time on documents (tenant_id, created_at desc, id desc);
create index documents_by_language on documents (tenant_id, language) where chunks > 0;
call isolate_by_tenant('documents');
grant select, insert, update, delete on documents to sba_app;

create table chunks (
    tenant_id    uuid        not null,
    document_id  uuid        not null,
    ordinal      integer     not null check (ordinal >= 0),
    heading_path text[]      not null default '{}',
    text         text        not null check (octet_length(text) between 1 and 65536),
    start_offset integer     not null check (start_offset >= 0),
    end_offset   integer     not null check (end_offset > start_offset),
    language     text        not null,
    embedding    vector(384) not null,
    tsv          tsvector    not null,
    primary key (tenant_id, document_id, ordinal),
    foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade
);
comment on column chunks.start_offset is 'first character of the passage in the document''s text, from 0';
comment on column chunks.end_offset is 'one past the last character';
call isolate_by_tenant('chunks');
grant select, insert, update, delete on chunks to sba_app;

create table artifacts (
    tenant_id  uuid        not null references tenants (id),
    id         uuid        not null,
    run_id     uuid        not null,
    title      text        not null check (char_length(title) between 1 and 500),
    media_type text        not null check (char_length(media_type) between 1 and 200),
    bytes      bigint      not null check (bytes >= 0),
    sha256     bytea       not null check (octet_length(sha256) = 32),
    blob       text        not null,
    citations  jsonb       not null default '[]' check (jsonb_typeof(citations) = 'array'),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
-- No reference to agent_runs: a worker stores an artifact before its run's log has been projected.
create index artifacts_by_run on artifacts (tenant_id, run_id, created_at);
call isolate_by_tenant('artifacts');
grant select, insert, update, delete on artifacts to sba_app;

create table basehub_cache (
    tenant_id  uuid        not null references tenants (id),
    block_id   text        not null,
    title      text,
    snippet    text,
    embedding  vector(384),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, block_id)
);
call isolate_by_tenant('basehub_cache');
grant select, insert, update, delete on basehub_cache to sba_app;
