//! What a worker of a customer shows of a call that it was given.

use serde::{Deserialize, Serialize};

use crate::{
    consumer::served_name,
    id::{InvalidId, TenantKey},
    name::ToolName,
    stream::Stream,
};

/// One delivery of a served tool's call: the end of the subject on which it is acknowledged. The rest of that subject
/// follows from the tenant and the tool, so a receipt that somebody made up reaches no other tenant's and no other tool's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Receipt(String);

impl Receipt {
    /// The receipt of a delivery with this reply subject; `None` where it is not of this tool's consumer.
    #[must_use]
    pub fn of(reply: &str, tenant: &TenantKey, tool: &ToolName) -> Option<Self> {
        reply.strip_prefix(&front(tenant, tool))?.to_owned().try_into().ok()
    }

    /// The subject on which the delivery is acknowledged.
    #[must_use]
    pub fn subject(&self, tenant: &TenantKey, tool: &ToolName) -> String {
        front(tenant, tool) + &self.0
    }
}

fn front(tenant: &TenantKey, tool: &ToolName) -> String {
    format!("$JS.ACK.{}.{}.", Stream::Jobx, served_name(tenant, tool))
}

impl TryFrom<String> for Receipt {
    type Error = InvalidId;

    /// Five numbers with dots between them: how often and as which message it was delivered, when, and what is left.
    fn try_from(text: String) -> Result<Self, InvalidId> {
        let number = |token: &str| (1..=20).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
        let sound = text.split('.').count() == 5 && text.split('.').all(number);
        if sound { Ok(Self(text)) } else { Err(InvalidId::new("receipt", &text)) }
    }
}

impl From<Receipt> for String {
    fn from(receipt: Receipt) -> Self {
        receipt.0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_receipt_is_of_its_own_consumer_and_reaches_no_other() {
        let tenant: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
        let (mine, other): (ToolName, ToolName) = ("x_a".parse().unwrap(), "x_b".parse().unwrap());
        let reply = format!("$JS.ACK.JOBX.{tenant}_x_a.1.22.3.1795574364948712165.0");
        let receipt = Receipt::of(&reply, &tenant, &mine).unwrap();
        assert_eq!(receipt.subject(&tenant, &mine), reply);
        assert_eq!(Receipt::of(&reply, &tenant, &other), None);
        for bad in ["", "1.2.3.4", "1.2.3.4.5.6", "1.2.3.4.x", "1.2.3.4.*", "1.2.3.4.>", "1..3.4.5", "1.2.3.4.5 "] {
            assert!(Receipt::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
