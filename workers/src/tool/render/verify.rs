//! Reads what is to be cited from the stored documents.

use std::ops::Range;

use sba_store::{Store, TenantTx, documents};
use sba_subjects::{
    id::{DocumentId, TenantId},
    passage::body,
    tool::{Hit, RenderParams},
    visible::visible,
};
use serde_json::{Value, json};

use super::quote::Relevance;
use crate::error::WorkError;

/// A passage that was found where it is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Citation {
    /// Its index in [`RenderParams::sources`].
    pub(super) source: usize,
    /// The document.
    pub(super) document: DocumentId,
    /// The document's title, as it is stored.
    pub(super) title: String,
    /// Headings above the passage.
    pub(super) headings: Vec<String>,
    /// What is quoted of it.
    pub(super) quote: String,
    /// Where the quote stands in the document's text, in characters.
    pub(super) span: Range<u64>,
}

impl Citation {
    /// What the artifact's row records, as a reader sees it.
    pub(super) fn record(&self) -> Value {
        let headings: Vec<_> = self.headings.iter().map(|heading| visible(heading)).collect();
        json!({
            "document_id": self.document, "title": visible(&self.title), "heading_path": headings,
            "quote": visible(&self.quote), "start": self.span.start, "end": self.span.end,
        })
    }
}

/// The passages that the sections name, in the order in which they are first named, and in words those that cannot be
/// verified.
pub(super) async fn citations(
    store: &Store,
    tenant: TenantId,
    params: &RenderParams,
) -> Result<(Vec<Citation>, Vec<String>), WorkError> {
    let mut tx = store.begin(tenant).await?;
    let mut verified = Vec::new();
    let mut dropped = Vec::new();
    for source in named(params) {
        match params.sources.get(source) {
            Some(hit) => match stored(&mut tx, hit).await? {
                Some((title, text)) => verified.push((source, title, text)),
                None => dropped.push(format!("{} ({} to {})", hit.title, hit.start, hit.end)),
            },
            None => dropped.push(format!("source {source}, which was not given")),
        }
    }
    let passages: Vec<&str> = verified.iter().map(|(_, _, text)| text.as_str()).collect();
    let citations = verified
        .iter()
        .map(|(source, title, text)| {
            let sections: Vec<&str> = params
                .sections
                .iter()
                .filter(|section| section.sources.contains(source))
                .map(|section| section.text.as_str())
                .collect();
            let hit = &params.sources[*source];
            // The headings stand beside the quote; what stands under them answers.
            let body = body(text, &hit.heading_path);
            let quote = Relevance::new(&params.question, &sections.join("\n"), &passages).quote(body);
            let above = text.len() - body.len();
            cite(*source, hit, title, text, above + quote.start..above + quote.end)
        })
        .collect();
    Ok((citations, dropped))
}

fn named(params: &RenderParams) -> Vec<usize> {
    let mut order = Vec::new();
    for source in params.sections.iter().flat_map(|section| &section.sources) {
        if !order.contains(source) {
            order.push(*source);
        }
    }
    order
}

/// The document's title and the passage, when it stands where it is said to.
async fn stored(tx: &mut TenantTx, hit: &Hit) -> Result<Option<(String, String)>, WorkError> {
    let (Ok(start), Ok(end)) = (u32::try_from(hit.start), u32::try_from(hit.end)) else { return Ok(None) };
    if start >= end {
        return Ok(None);
    }
    let Some(document) = documents::get(tx, hit.document_id).await? else { return Ok(None) };
    let text = documents::excerpt(tx, hit.document_id, start..end).await?;
    Ok(text.filter(|text| *text == hit.text).map(|text| (document.title, text)))
}

fn cite(source: usize, hit: &Hit, title: &str, text: &str, quote: Range<usize>) -> Citation {
    let before = text[..quote.start].chars().count() as u64;
    let quoted = text[quote].to_owned();
    let start = hit.start + before;
    let end = start + quoted.chars().count() as u64;
    Citation {
        source,
        document: hit.document_id,
        title: title.to_owned(),
        headings: hit.heading_path.clone(),
        quote: quoted,
        span: start..end,
    }
}
