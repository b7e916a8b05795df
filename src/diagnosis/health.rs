//! The health of one workload.

use super::world::World;
use super::{Evidence, Health, ObjectRef};

/// The health of one workload (a root owner), as the evidence shows it.
pub fn health(evidence: &Evidence, object: &ObjectRef) -> Health {
    health_in(&World::new(evidence), object)
}

pub(super) fn health_in(world: &World<'_>, object: &ObjectRef) -> Health {
    let _ = (world, object);
    Health::default()
}
