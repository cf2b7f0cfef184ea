//! What happens to every request, around its handler.

mod observe;
mod pressure;
mod request_id;

pub(crate) use self::{
    observe::observe,
    pressure::{bounded, in_time, sized},
    request_id::RequestId,
};
