//! What SBA keeps: Postgres, and blobs beside it.
//!
//! Everything in Postgres belongs to a tenant. A [`TenantTx`] is the only way to reach it: it sets the tenant
//! inside its transaction, and row-level security does the rest. Repository functions take that transaction,
//! so what they do together is stored together, audit entries included.
//!
//! - [`pool`] and [`tenant_tx`]: connections and transactions; [`migrate`]: the schema;
//! - [`tenants`], [`tenant_names`], [`sessions`], [`api_keys`], [`idempotency`], [`audit`]: who may do what, and who did;
//! - [`nats_access`]: who was let into the tenant's account on NATS;
//! - [`runs`], [`steps`], [`tool_calls`]: what runs look like, projected from their logs by [`projection`],
//!   by one process at a time: [`lead`]; [`left_out`]: what could not be; [`log_tenants`]: whose logs there are;
//! - [`documents`], [`chunks`], [`search`], [`artifacts`]: knowledge, and what runs made of it;
//! - [`tasks`]: what people have to do; [`schedules`]: what starts runs by the clock;
//! - [`served_tools`]: the tools that the tenant serves itself;
//! - [`effects`], [`starts`]: what workers must remember of calls and jobs;
//! - [`sweep`]: what nobody needs any more, of every tenant;
//! - [`blob`]: bytes, in a folder or in S3.

pub mod api_keys;
pub mod artifacts;
pub mod audit;
pub mod blob;
pub mod chunks;
pub mod documents;
pub mod effects;
pub mod error;
pub mod idempotency;
pub mod language;
pub mod lead;
pub mod left_out;
pub mod log_tenants;
pub mod migrate;
pub mod nats_access;
pub mod page;
pub mod pool;
pub mod projection;
pub mod runs;
pub mod schedules;
pub mod search;
pub mod served_tools;
pub mod sessions;
pub mod starts;
pub mod steps;
pub mod sweep;
pub mod tasks;
pub mod tenant_names;
pub mod tenant_tx;
pub mod tenants;
mod text;
pub mod tool_calls;

pub use error::StoreError;
pub use page::{Listed, Page};
pub use pool::{DatabaseOptions, Store};
pub use tenant_tx::{ProjectionTx, TenantTx};
