//! What handlers take from a request. What cannot be taken is answered in the API's own form.

mod json;
mod path;
mod query;
mod validate;

pub(crate) use self::{
    json::Json,
    path::Path,
    query::Query,
    validate::{Checked, no_control, not_blank},
};
