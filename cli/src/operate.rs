//! What the commands share with which people operate SBA: they reach NATS and Postgres themselves, so that they work
//! where no gateway does.

mod audit;
mod confirm;
mod printer;
mod reach;
mod refusal;
mod table;
mod tenant;
mod words;

pub use self::{
    audit::Trail,
    confirm::confirm,
    printer::RunPrinter,
    reach::Reach,
    refusal::Refusal,
    table::Table,
    tenant::TenantArg,
    words::{moment, plain, since, time},
};
