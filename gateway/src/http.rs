//! What happens to every request, around its handler.

mod admit;
mod body;
mod deadline;
mod head;
mod linger;
mod observe;
mod request_id;

pub(crate) use self::{
    admit::{Taking, admit},
    body::unreadable,
    deadline::in_time,
    head::fits,
    linger::linger,
    observe::{log, observe},
    request_id::RequestId,
};
