//! What was asked, as a hash: the same for the same question over the same passages, within the same bounds.

use std::collections::HashMap;

use sba_subjects::{answer::AnswerKey, id::TenantKey};
use sha2::{Digest as _, Sha256};

use super::{Message, ModelRequest, ToolCall};

impl ModelRequest {
    /// The hash of all that an answer depends on, and of whose question it is. `None` for what has no JSON form.
    ///
    /// What a provider calls its calls is left out: it differs each time.
    #[must_use]
    pub fn key(&self, tenant: &TenantKey) -> Option<AnswerKey> {
        let alike = Self { messages: nameless(&self.messages), ..self.clone() };
        let asked = serde_json::to_vec(&(tenant.as_str(), alike)).ok()?;
        Some(AnswerKey::new(Sha256::digest(asked).into()))
    }
}

/// The conversation with its calls numbered.
fn nameless(messages: &[Message]) -> Vec<Message> {
    let mut names = HashMap::new();
    let mut number = |id: &str| {
        let next = names.len();
        names.entry(id.to_owned()).or_insert(next).to_string()
    };
    let numbered = messages.iter().map(|message| match message.clone() {
        Message::User(text) => Message::User(text),
        Message::Assistant { text, calls } => {
            let calls = calls.into_iter().map(|call| ToolCall { id: number(&call.id), ..call }).collect();
            Message::Assistant { text, calls }
        }
        Message::Tool { call_id, name, content } => Message::Tool { call_id: number(&call_id), name, content },
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn request(call: &str, found: &str) -> ModelRequest {
        let call = ToolCall { id: call.into(), name: "look".into(), arguments: "{}".into() };
        let found = Message::Tool { call_id: call.id.clone(), name: "look".into(), content: found.into() };
        ModelRequest {
            model: "m".into(),
            system: String::new(),
            messages: vec![Message::user("Hi"), Message::Assistant { text: String::new(), calls: vec![call] }, found],
            tools: Vec::new(),
            schema: None,
            max_output_tokens: 9,
            temperature: Some(0.0),
            seed: Some(0),
        }
    }

    #[test]
    fn only_the_same_question_of_the_same_tenant_has_the_same_key() {
        let tenant = |letter: &str| format!("A{}", letter.repeat(55)).parse().unwrap();
        let (ours, asked) = (tenant("B"), request("call_a", "Due in May."));
        let key = asked.key(&ours).unwrap();
        assert_eq!(request("call_b", "Due in May.").key(&ours).unwrap(), key, "whatever the provider calls a call");
        for other in [
            request("call_a", "Due in June."),
            ModelRequest { model: "n".into(), ..asked.clone() },
            ModelRequest { system: "Be brief.".into(), ..asked.clone() },
            ModelRequest { max_output_tokens: 8, ..asked.clone() },
            ModelRequest { temperature: Some(0.1), ..asked.clone() },
            ModelRequest { messages: vec![Message::user("Hi")], ..asked.clone() },
        ] {
            assert_ne!(other.key(&ours).unwrap(), key, "{other:?}");
        }
        assert_ne!(asked.key(&tenant("C")).unwrap(), key, "another tenant");
    }
}
