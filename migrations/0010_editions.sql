-- Indexing goes on where it was interrupted: passages are stored as they are embedded, under the edition of the document
-- that they make up, and are found once all of it is there.

alter table documents
    add column edition uuid not null default '00000000-0000-0000-0000-000000000000',
    add column passages_done integer check (passages_done >= 0),
    add column passages_total integer check (passages_total >= 0),
    add check ((passages_done is null) = (passages_total is null));
comment on column documents.edition is 'the edition whose passages are found; those of another are being stored, or were left behind';
comment on column documents.passages_done is 'passages of the next edition that are stored; null while none is made';
comment on column documents.passages_total is 'passages that the next edition will have';

alter table chunks add column edition uuid not null default '00000000-0000-0000-0000-000000000000';
alter table chunks alter column edition drop default;
alter table chunks drop constraint chunks_pkey;
alter table chunks add primary key (tenant_id, document_id, edition, ordinal);
comment on column chunks.edition is 'found only where it is that of the document';
