//! What must answer before the daemon is of full use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which dependencies answer. Shared: the daemon sets it, `/-/ready` reads it.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Option<String>>>>);

impl Readiness {
    /// Waits for all of `parts`: none of them has answered yet.
    pub fn of(parts: impl IntoIterator<Item = &'static str>) -> Self {
        let unknown = |part| (part, Some("has not answered yet".to_owned()));
        Self(Arc::new(Mutex::new(parts.into_iter().map(unknown).collect())))
    }

    /// `part` answers (`None`) or is away, with the reason in words. Returns whether that is a change
    /// between the two, so that it is told once.
    pub fn set(&self, part: &'static str, away: Option<String>) -> bool {
        let answers = away.is_none();
        let before = self.parts().insert(part, away);
        before.is_none_or(|before| before.is_none() != answers)
    }

    /// What does not answer, with its reason.
    pub fn missing(&self) -> Vec<(&'static str, String)> {
        self.parts().iter().filter_map(|(part, why)| Some((*part, why.clone()?))).collect()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<String>>> {
        // Whoever panicked while holding it left a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
