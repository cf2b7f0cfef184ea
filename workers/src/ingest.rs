//! From the bytes of a document to passages with vectors: parse, split, embed.

pub mod embed;
pub mod parse;
pub mod split;
