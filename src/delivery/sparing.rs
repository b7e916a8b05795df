//! What is told to those who can neither edit a message nor keep a thread: only what people must hear.

use super::Told;
use crate::incident::{Debt, Owed, Place, Reply};

/// Something they must hear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum News<'a> {
    /// The incident, for the first time.
    First,
    /// It became worse, its cause was found, it came back, or it is over.
    Happened(&'a Reply),
}

/// What of a debt is news; `None` where it would only be noise: an edit, a note, the evidence.
pub(super) fn news(debt: &Debt) -> Option<News<'_>> {
    match &debt.what {
        Owed::Main => debt.place.is_none().then_some(News::First),
        Owed::Reply { reply, .. } => match reply.as_ref() {
            Reply::Severity { from, to, .. } if to <= from => None,
            Reply::Evidence { .. }
            | Reply::Note { .. }
            | Reply::Checklist { .. }
            | Reply::Postmortem { .. } => None,
            reply => Some(News::Happened(reply)),
        },
    }
}

/// Written down so that the main message is told once: it stands somewhere, though nobody says where.
pub(super) fn told(debt: &Debt) -> Told {
    let place = Place { channel: "told".to_owned(), ts: debt.incident.id.clone() };
    Told { revision: debt.revision, place: Some(place) }
}
