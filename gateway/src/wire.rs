//! WebSockets, byte by byte: frames written once for all who read them, and read within bounds.
//!
//! A viewer is sent what a thousand others are sent too. So a message is framed, and where it is worth it compressed, once;
//! what stands in memory goes to each socket in one write of many pieces. Frames are parsed by tungstenite's header; what a
//! message may be made of is checked here (RFC 6455, RFC 7692).

mod deflate;
mod input;
mod output;
mod packet;

pub(crate) use self::{
    deflate::negotiate,
    input::{Broken, Input},
    output::Output,
    packet::Packet,
};
