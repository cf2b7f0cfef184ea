//! What handlers take from a request. What cannot be taken is answered in the API's own form.

mod json;
mod list;
mod path;
mod query;
mod validate;

pub(crate) use self::{
    json::{Json, JsonOrNothing, fields, parse, parse_or_nothing},
    list::{List, PageQuery},
    path::Path,
    query::Query,
    validate::{Checked, known_tool, language_tag, no_control, not_blank},
};
