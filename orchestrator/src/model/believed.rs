//! How much of a provider's count of tokens is believed.
//!
//! Budgets and bills rest on these figures, and whoever stands behind an address may say any. No tokenizer makes more
//! tokens than there are bytes, and no answer has more than were allowed; what is counted beyond that is not believed.

use super::{ModelRequest, Usage};

/// A usual token has about this many bytes; used only where a provider counts nothing.
const BYTES_PER_TOKEN: u64 = 4;

/// What is known of a call besides what its provider says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Bytes of text that were sent.
    sent: u64,
    /// Bytes of the schema of the answer, which some providers put into the prompt.
    schema: u64,
    /// Tokens that the answer may have.
    allowed: u64,
    /// Tokens of the provider's own words, e.g. around messages and tools.
    overhead: u64,
}

impl Known {
    pub(super) fn of(request: &ModelRequest, overhead: u64) -> Self {
        let schema = request.schema.as_ref().map_or(0, |schema| schema.json.to_string().len());
        Self {
            sent: request.text_bytes() as u64,
            schema: schema as u64,
            allowed: request.max_output_tokens.into(),
            overhead,
        }
    }

    /// What an answer of so many bytes took: as its provider says, as far as that can be; else by the length of the texts.
    pub(super) fn believe(self, said: Usage, heard: u64) -> Usage {
        let counted = said.reported && (said.input_tokens > 0 || said.output_tokens > 0);
        if !counted {
            return self.estimate(heard);
        }
        let most_input = self.sent.saturating_add(self.schema).saturating_add(self.overhead);
        let believed = Usage {
            input_tokens: said.input_tokens.min(most_input),
            // A server that cannot be told how long an answer may be is still paid for what it said.
            output_tokens: said.output_tokens.min(self.allowed.max(heard)),
            reported: true,
        };
        if believed != said {
            tracing::warn!(
                said_input = said.input_tokens,
                believed_input = believed.input_tokens,
                said_output = said.output_tokens,
                believed_output = believed.output_tokens,
                "a model's endpoint counts more tokens than the call can have taken",
            );
        }
        believed
    }

    fn estimate(self, heard: u64) -> Usage {
        Usage {
            input_tokens: self.sent.div_ceil(BYTES_PER_TOKEN),
            output_tokens: heard.div_ceil(BYTES_PER_TOKEN),
            reported: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: Known = Known { sent: 1_000, schema: 200, allowed: 50, overhead: 300 };

    fn said(input_tokens: u64, output_tokens: u64) -> Usage {
        Usage { input_tokens, output_tokens, reported: true }
    }

    #[test]
    fn what_can_be_is_believed_and_no_more() {
        assert_eq!(KNOWN.believe(said(1_500, 50), 10), said(1_500, 50));
        assert_eq!(KNOWN.believe(said(u64::MAX, u64::MAX), 10), said(1_500, 50));
        assert_eq!(KNOWN.believe(said(1, 400), 300), said(1, 300));
    }

    #[test]
    fn a_count_of_nothing_is_none() {
        let estimate = Usage { input_tokens: 250, output_tokens: 3, reported: false };
        assert_eq!(KNOWN.believe(said(0, 0), 10), estimate);
        assert_eq!(KNOWN.believe(Usage { reported: false, ..said(7, 7) }, 10), estimate);
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_goes_beyond_the_bounds(input: u64, output: u64, reported: bool, heard in 0_u64..10_000) {
            let usage = KNOWN.believe(Usage { input_tokens: input, output_tokens: output, reported }, heard);
            prop_assert!(usage.input_tokens <= 1_500 && usage.output_tokens <= heard.max(50));
        }
    }
}
