-- $1 question, $2 its embedding, $3 documents (empty: all), $4 candidates on each side, $5 hits wanted,
-- $6 passages up to which a library is scanned
with questions as materialized (
    -- A tenant's documents may be in several languages; each has its own stems.
    select l.language,
           websearch_to_tsquery(l.language::regconfig, $1) as strict,
           (select string_agg('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery
            from (select lexeme from unnest(to_tsvector(l.language::regconfig, $1)) limit 64) as w) as relaxed
    from (select distinct language from documents where chunks > 0) as l
),
library as materialized (
    select coalesce(sum(chunks), 0) > $6::bigint as is_large from documents where chunks > 0
),
-- Equals share a rank, so that what one side cannot tell apart is left to the other.
by_words as (
    select m.document_id, m.ordinal, rank() over (order by m.whole desc, m.weight desc) as rank
    from (
        -- Weights of, from the first: the passage's own words, the document's title, headings, nothing.
        select c.document_id, c.ordinal, c.tsv @@ q.strict as whole,
               ts_rank('{0.5, 0.4, 0.8, 1.0}', c.tsv, q.relaxed, 1) as weight
        from questions as q
        join chunks as c on c.language = q.language
        join documents as d on d.id = c.document_id and d.edition = c.edition
        where c.tsv @@ q.relaxed and (cardinality($3::uuid[]) = 0 or c.document_id = any ($3))
        order by whole desc, weight desc, c.document_id, c.ordinal
        limit $4
    ) as m
),
by_meaning as (
    select n.document_id, n.ordinal, rank() over (order by n.distance) as rank
    from (
        -- Adding nothing keeps the planner from the index, which would give up before it has found enough
        -- among the passages of all tenants.
        (select c.document_id, c.ordinal, (c.embedding <=> $2) + 0 as distance
         from chunks as c
         join documents as d on d.id = c.document_id and d.edition = c.edition
         where not (select is_large from library) and (cardinality($3::uuid[]) = 0 or c.document_id = any ($3))
         order by (c.embedding <=> $2) + 0
         limit $4)
        union all
        (select c.document_id, c.ordinal, c.embedding <=> $2 as distance
         from chunks as c
         join documents as d on d.id = c.document_id and d.edition = c.edition
         where (select is_large from library) and (cardinality($3::uuid[]) = 0 or c.document_id = any ($3))
         order by c.embedding <=> $2
         limit $4)
    ) as n
),
fused as (
    select document_id, ordinal, w.rank as text_rank, m.rank as vector_rank,
           coalesce(1.0 / (60 + w.rank), 0)::float8 + coalesce(1.0 / (60 + m.rank), 0)::float8 as score
    from by_words as w
    full join by_meaning as m using (document_id, ordinal)
    order by score desc, document_id, ordinal
    limit $5
)
select c.document_id as "document_id!", d.title as "title!", d.source as "source!", c.ordinal as "ordinal!",
       c.heading_path as "heading_path!", c.text as "text!", c.start_offset as "start_offset!",
       c.end_offset as "end_offset!", f.score as "score!", (1 - (c.embedding <=> $2))::float8 as "similarity!",
       f.text_rank as "text_rank?", f.vector_rank as "vector_rank?"
from fused as f
join documents as d on d.id = f.document_id
join chunks as c on c.document_id = d.id and c.edition = d.edition and c.ordinal = f.ordinal
order by f.score desc, c.document_id, c.ordinal
