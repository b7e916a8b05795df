//! The catalogue: one file for each cause. [`ALL`], grouped by symptom, is its table of contents.
//!
//! A new cause is its file, one folder in `tests/scenarios/`, and two lines here.

mod not_enough_evidence;

use super::Cause;

/// Every cause, grouped by symptom: what keeps pods from existing, from starting, from running, from
/// being ready; and last the one that says that nothing is proved.
pub static ALL: &[&Cause] = &[&not_enough_evidence::CAUSE];

/// The cause that says that nothing is proved. It gives way to every other.
pub(super) const LAST: &str = "not-enough-evidence";

/// What every cause imports.
mod prelude {
    pub(super) use crate::diagnosis::cause::Reads::*;
    pub(super) use crate::diagnosis::{Case, Cause, Hypothesis};
}
