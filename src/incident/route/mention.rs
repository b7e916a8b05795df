//! Whom a Slack message mentions. From settings alone: nothing that comes from outside can mention anybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A user (`U…`, `W…`), a user group (`S…`), `here` or `channel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Mention(String);

impl Mention {
    /// As Slack writes it: `<@U0123ABCD>`, `<!subteam^S0123ABCD>`, `<!here>`.
    pub fn written(&self) -> String {
        match self.0.as_str() {
            word @ ("here" | "channel") => format!("<!{word}>"),
            group if group.starts_with('S') => format!("<!subteam^{group}>"),
            user => format!("<@{user}>"),
        }
    }
}

impl TryFrom<String> for Mention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Slack's ids: a letter for the kind, then capitals and digits; nine to eleven today.
        let id = text.len() >= 7
            && text.starts_with(['U', 'W', 'S'])
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if id || ["here", "channel"].contains(&text.as_str()) {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` cannot be mentioned; write the id of a user (U0123ABCD) or of a user group \
             (S0123ABCD), `here` or `channel`"
        ))
    }
}

impl From<Mention> for String {
    fn from(mention: Mention) -> Self {
        mention.0
    }
}
