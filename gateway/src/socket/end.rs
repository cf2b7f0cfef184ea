//! Why a socket is closed.

use crate::{
    error::Code,
    stream::{Lost, Unreadable},
    wire::Broken,
};

/// Why a socket is closed, with the code that the client sees. `docs/protocol.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The run has ended.
    Done,
    /// The client has closed the socket.
    Closed,
    /// The client has left.
    Left,
    /// The client shows no life.
    Silent,
    /// The client takes nothing.
    Slow,
    /// What comes is no WebSocket.
    Protocol,
    /// A text message where binary ones are spoken, or the reverse.
    WrongKind,
    /// A message that cannot be read.
    Malformed,
    /// Far too many messages.
    Flood,
    /// A message that is too large.
    TooLarge,
    /// This gateway is about to end.
    Stopping,
    /// The first message was no `auth`.
    Stranger,
    /// No `auth` came in time.
    Late,
    /// The client may not have it, or not now.
    Refused(Code),
}

impl End {
    /// The code and the reason; `None` where there is nobody to be told.
    pub(super) const fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Left | Self::Silent | Self::Slow => None,
            Self::Done => Some((1000, "done")),
            Self::Closed => Some((1000, "")),
            Self::Protocol => Some((1002, Code::InvalidRequest.as_str())),
            Self::WrongKind => Some((1003, Code::InvalidRequest.as_str())),
            Self::Malformed => Some((1007, Code::InvalidRequest.as_str())),
            Self::Flood => Some((1008, Code::RateLimited.as_str())),
            Self::TooLarge => Some((1009, Code::PayloadTooLarge.as_str())),
            Self::Stopping => Some((1012, "stopping")),
            Self::Stranger => Some((4400, Code::Unauthenticated.as_str())),
            Self::Late => Some((4408, Code::DeadlineExceeded.as_str())),
            Self::Refused(code) => Some((number(code), code.as_str())),
        }
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Left,
            Broken::Protocol => Self::Protocol,
            Broken::TooLarge => Self::TooLarge,
            Broken::Malformed => Self::Malformed,
        }
    }
}

impl From<Unreadable> for End {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::WrongKind => Self::WrongKind,
            Unreadable::Malformed => Self::Malformed,
        }
    }
}

impl From<&Lost> for End {
    fn from(lost: &Lost) -> Self {
        Self::Refused(if lost.is_transient() { Code::Unavailable } else { Code::Internal })
    }
}

/// The close code that goes with a refusal.
const fn number(code: Code) -> u16 {
    match code {
        Code::Unauthenticated | Code::TokenExpired => 4401,
        Code::Forbidden | Code::SessionTokenInvalid | Code::SessionExpired => 4403,
        Code::NotFound => 4404,
        Code::RateLimited => 4429,
        Code::Unavailable | Code::Overloaded | Code::DeadlineExceeded | Code::StorageFull => 1013,
        _ => 1011,
    }
}
