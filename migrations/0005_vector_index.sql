-- Searching large libraries. A small one is scanned, which is exact and, up to some twenty thousand passages,
-- as fast: see store/src/search.rs.

-- An embedding is read by every scan and does not compress: kept in its row it is read twice as fast.
alter table chunks alter column embedding set storage plain;

create index chunks_by_embedding on chunks using hnsw (embedding vector_cosine_ops);

-- What a search needs to know of a library first: its languages and its size.
drop index documents_by_language;
create index documents_searched on documents (tenant_id, language) include (chunks) where chunks > 0;
