//! The daemon's own log: for a first look at what would be told, and beside a receiver that is not trusted yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Told;
use super::sparing::{self, News};
use crate::brief::{Context, OnCall, Said, Stakeholders};
use crate::incident::{Audience, Debt};

/// The daemon's own log, a line for what people must hear. It tells nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {}

pub(super) fn tell(name: &str, debt: &Debt, context: &Context) -> Told {
    let text = match sparing::news(debt) {
        None => return sparing::told(debt),
        Some(News::First) if context.audience == Audience::Stakeholders => {
            Stakeholders::of(&debt.incident, context).notification()
        }
        Some(News::First) => OnCall::of(&debt.incident, context).notification(),
        Some(News::Happened(reply)) => Said::of(reply, &debt.incident, context).lead,
    };
    tracing::info!(receiver = name, incident = debt.incident.id, text, "told");
    sparing::told(debt)
}
