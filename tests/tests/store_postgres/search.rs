//! Hybrid search on a small library whose right answers are known.

use sba_store::{
    Store,
    chunks::NewChunk,
    language::Language,
    search::{self, Hit, Query},
};
use sba_subjects::id::TenantKey;

use crate::support::{self, axis, chunk, document};

async fn ask(store: &Store, tenant: &TenantKey, query: &Query) -> Vec<Hit> {
    let mut tx = store.begin(tenant.id()).await.unwrap();
    search::search(&mut tx, query).await.unwrap()
}

/// Facts, each on an axis of its own, among forty passages about something else.
async fn library() -> (Store, TenantKey) {
    let (store, tenant) = support::store().await;
    let facts = [
        "The Hamburg plant pays a maintenance fee of 4,200 euros per year.",
        "The Munich plant was opened in 1987 by the founder's daughter.",
        "Contract A-17 ends on 31 March unless either side renews it.",
    ];
    let facts: Vec<NewChunk> = facts.iter().enumerate().map(|(n, text)| chunk(text, axis(n))).collect();
    support::index(&store, &tenant, &document(&tenant, "facts.txt", 1), &facts).await;
    let noise: Vec<NewChunk> = (0..40)
        .map(|n| {
            chunk(&format!("The plant and the contract of year {n} are discussed in paragraph {n}."), axis(100 + n))
        })
        .collect();
    support::index(&store, &tenant, &document(&tenant, "noise.txt", 2), &noise).await;
    (store, tenant)
}

#[tokio::test]
async fn a_question_in_other_words_finds_the_passage_by_its_rare_words() {
    let (store, tenant) = library().await;
    // The embedding says nothing: it points where no passage is.
    let nowhere = axis(300);
    for (question, fact) in [
        ("How much is the annual maintenance fee for our plant in Hamburg?", "4,200 euros"),
        ("Who opened the Munich plant, and when?", "1987"),
        ("when does contract A-17 end", "31 March"),
    ] {
        let hits = ask(&store, &tenant, &Query::new(question, nowhere.clone(), 5)).await;
        assert!(hits[0].text.contains(fact), "{question}: {}", hits[0].text);
        assert_eq!(hits[0].text_rank, Some(1));
    }
}

#[tokio::test]
async fn a_question_without_a_common_word_finds_the_passage_by_its_meaning() {
    let (store, tenant) = library().await;
    let hits = ask(&store, &tenant, &Query::new("Wartungskosten", axis(0), 3)).await;
    assert!(hits[0].text.contains("4,200 euros"));
    assert_eq!((hits[0].vector_rank, hits[0].text_rank), (Some(1), None));
    assert!((hits[0].similarity - 1.0).abs() < 1e-6);
}

#[tokio::test]
async fn a_passage_that_both_find_comes_before_one_that_only_one_finds() {
    let (store, tenant) = library().await;
    let hits = ask(&store, &tenant, &Query::new("maintenance fee", axis(1), 3)).await;
    assert!(hits[0].text.contains("4,200 euros"), "first by words, and among the near");
    assert!(hits[1].text.contains("1987"), "nearest, without the words");
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[tokio::test]
async fn a_whole_match_comes_before_a_part_however_often_the_part_is_repeated() {
    let (store, tenant) = support::store().await;
    let long = format!("A fee{} for maintenance.", " that grows over the years as prices do".repeat(40));
    let passages = [chunk("fee fee fee fee", axis(1)), chunk(&long, axis(2))];
    support::index(&store, &tenant, &document(&tenant, "a.txt", 1), &passages).await;
    let hits = ask(&store, &tenant, &Query::new("maintenance fees", axis(300), 2)).await;
    assert!(hits[0].text.contains("maintenance"));
    assert_eq!((hits[0].text_rank, hits[1].text_rank), (Some(1), Some(2)));
}

#[tokio::test]
async fn headings_count_and_are_given_back() {
    let (store, tenant) = support::store().await;
    let under = NewChunk {
        heading_path: vec!["Handbook".to_owned(), "Parental leave".to_owned()],
        ..chunk("It lasts fourteen weeks.", axis(0))
    };
    let passages = [chunk("Annual leave is taken in summer.", axis(1)), under];
    let id = support::index(&store, &tenant, &document(&tenant, "h.md", 1), &passages).await;
    let hits = ask(&store, &tenant, &Query::new("How long is parental leave?", axis(300), 2)).await;
    assert_eq!(hits[0].heading_path, ["Handbook", "Parental leave"]);
    assert_eq!((hits[0].document_id, hits[0].ordinal, hits[0].title.as_str()), (id, 1, "h.md"));
}

#[tokio::test]
async fn a_passage_is_found_by_the_title_of_its_document() {
    let (store, tenant) = support::store().await;
    for (plant, n, fee) in [("Hamburg", 1, "4,200"), ("Munich", 2, "3,100"), ("Bremen", 3, "2,900")] {
        let titled = sba_store::documents::NewDocument {
            title: format!("Handbook of the {plant} plant"),
            ..document(&tenant, &format!("{n}.txt"), n)
        };
        let passages = [
            chunk(&format!("The maintenance fee is {fee} euros."), axis(300)),
            chunk("The canteen opens at noon.", axis(300)),
        ];
        support::index(&store, &tenant, &titled, &passages).await;
    }
    let hits = ask(&store, &tenant, &Query::new("What is Munich's maintenance fee?", axis(1), 3)).await;
    assert!(hits[0].text.contains("3,100"), "{}", hits[0].text);
}

#[tokio::test]
async fn each_document_is_read_in_its_own_language() {
    let (store, tenant) = support::store().await;
    let german =
        sba_store::documents::NewDocument { language: Language::from_tag("de-CH"), ..document(&tenant, "de.txt", 1) };
    support::index(&store, &tenant, &german, &[chunk("Die Häuser wurden verkauft.", axis(1))]).await;
    support::index(&store, &tenant, &document(&tenant, "en.txt", 2), &[chunk("The houses were sold.", axis(2))]).await;
    let by_words = async |words: &str| {
        let hits = ask(&store, &tenant, &Query::new(words, axis(300), 5)).await;
        hits.into_iter().filter(|h| h.text_rank.is_some()).map(|h| h.title).collect::<Vec<_>>()
    };
    assert_eq!(by_words("Haus verkaufen").await, ["de.txt"]);
    assert_eq!(by_words("house").await, ["en.txt"]);
}

#[tokio::test]
async fn a_search_may_be_limited_to_documents() {
    let (store, tenant) = library().await;
    let only = document(&tenant, "noise.txt", 2).id;
    let query = Query { documents: vec![only], ..Query::new("Hamburg maintenance fee", axis(0), 50) };
    let hits = ask(&store, &tenant, &query).await;
    assert!(hits.iter().all(|hit| hit.document_id == only));
    assert_eq!(hits.len(), 40);
    assert_eq!(ask(&store, &tenant, &Query::new("plant", axis(0), 1)).await.len(), 1);
}

#[tokio::test]
async fn a_large_library_answers_like_a_small_one() {
    let (store, tenant) = library().await;
    for question in ["maintenance fee", "Wartungskosten", "plant"] {
        let small = Query::new(question, axis(1), 5);
        let large = Query { exact_up_to: 0, ..small.clone() };
        assert_eq!(ask(&store, &tenant, &large).await, ask(&store, &tenant, &small).await, "{question}");
    }
}

#[tokio::test]
async fn nothing_that_is_asked_is_an_error() {
    let (store, tenant) = library().await;
    let long = "maintenance ".repeat(100_000);
    for question in [
        "",
        "the of and",
        "\0",
        "'; drop table chunks; --",
        "it's \\ \"unfinished & | ! ( ) <-> :* 'quote",
        "https://example.com/a?b=c&d='e'\\f path\\to\\file a\\'b",
        "-maintenance or",
        "🦀 ﷽ \u{202e}",
        &long,
    ] {
        let hits = ask(&store, &tenant, &Query::new(question, axis(0), 3)).await;
        assert!(hits[0].text.contains("4,200 euros"), "the nearest is found whatever the words: {question:.40}");
    }
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let short = search::search(&mut tx, &Query::new("fee", vec![1.0], 3)).await.unwrap_err();
    assert_eq!(short.code(), "invalid_value");
}

#[tokio::test]
async fn an_empty_library_answers_with_nothing() {
    let (store, tenant) = support::store().await;
    assert_eq!(ask(&store, &tenant, &Query::new("anything", axis(0), 5)).await, vec![]);
}
