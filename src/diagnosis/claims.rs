//! Volume claims that pods wait for: the claim, what its events say, and the volumes and classes there are.
//! Shared by the causes about claims.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::event::EventView;
use super::memory::quantity;
use super::pod::PodView;
use super::scheduler::{Obstacle, Unplaced, unplaced};
use super::{Case, Hypothesis, ObjectRef, Proof};

/// A pod that waits for a claim.
pub(super) struct Waiting<'a> {
    pub(super) pod: PodView<'a>,
    /// The claim it waits for, where one can be told from the others.
    pub(super) name: Option<&'a str>,
    /// All that may be the one.
    pub(super) suspects: Vec<&'a str>,
    /// The claim itself, where it was read.
    pub(super) claim: Option<&'a PersistentVolumeClaim>,
    /// The newest complaint about the claim.
    pub(super) complaint: Option<EventView<'a>>,
    /// Whether the scheduler says that it does not exist.
    pub(super) absent: bool,
    words: Proof,
}

/// The pods that the scheduler keeps back for a claim.
pub(super) fn waiting<'a>(case: &Case<'a>) -> Vec<Waiting<'a>> {
    let claims = |it: &Unplaced<'a>| it.groups.iter().any(|it| it.obstacle == Obstacle::Claim);
    unplaced(case).into_iter().filter(claims).map(|it| of(case, &it)).collect()
}

fn of<'a>(case: &Case<'a>, unplaced: &Unplaced<'a>) -> Waiting<'a> {
    let text = unplaced.text;
    let named = text.split("persistentvolumeclaim \"").nth(1).and_then(|it| it.split_once('"'));
    let absent = named.is_some_and(|(_, rest)| rest.trim_start().starts_with("not found"));
    let suspects = match named {
        Some((claim, _)) => vec![claim],
        None => unbound(case, unplaced.pod),
    };
    // Of several, the one that has an event of its own about it.
    let blamed = suspects.iter().find(|claim| complaint(case, claim).is_some());
    let name = blamed.or(suspects.first().filter(|_| suspects.len() == 1)).copied();
    let place = format!("condition PodScheduled of {}", unplaced.pod.name());
    Waiting {
        pod: unplaced.pod,
        name,
        claim: name.and_then(|name| claim(case, name)),
        complaint: name.and_then(|name| complaint(case, name)),
        suspects,
        absent,
        words: Proof::quoted("the scheduler's words", text, place),
    }
}

impl Waiting<'_> {
    /// A hypothesis with what every cause says of a claim.
    pub(super) fn hypothesis(&self, case: &Case<'_>, base: Hypothesis) -> Hypothesis {
        let base = match self.complaint {
            Some(event) => base.because(event.proof("what the claim waits for")),
            None => base,
        };
        let base = base
            .because(self.words.clone())
            .fact("pod", self.pod.name())
            .maybe("claim", self.name)
            .settle("kubectl -n {namespace} describe pvc {claim}")
            .settle("kubectl -n {namespace} get pvc");
        match self.name {
            Some(name) => base.target(reference(case, name)),
            None => base,
        }
    }

    /// The class that the claim asks for.
    pub(super) fn class(&self) -> Option<&str> {
        self.claim?.spec.as_ref()?.storage_class_name.as_deref().filter(|it| !it.is_empty())
    }

    /// What the claim's events say, in lower case.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let text = self.complaint.map(|it| it.message().to_ascii_lowercase()).unwrap_or_default();
        words.iter().any(|word| text.contains(word))
    }
}

/// Why a volume cannot be the claim's, in words; nothing where it could.
pub(super) fn misfit(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<String> {
    let (asked, has) = (claim.spec.as_ref()?, volume.spec.as_ref()?);
    let phase = volume.status.as_ref().and_then(|it| it.phase.as_deref()).unwrap_or_default();
    let own = has.claim_ref.as_ref().is_none_or(|it| it.name == claim.metadata.name);
    if matches!(phase, "Bound" | "Released" | "Failed") || !own {
        let phase = if phase.is_empty() { "taken" } else { phase };
        return Some(format!("is {}", phase.to_ascii_lowercase()));
    }
    let class = |it: Option<&String>| it.map(String::as_str).unwrap_or_default().to_owned();
    let (wanted, given) =
        (class(asked.storage_class_name.as_ref()), class(has.storage_class_name.as_ref()));
    if wanted != given {
        let words =
            |class: &str| if class.is_empty() { "none".to_owned() } else { class.to_owned() };
        return Some(format!("is of class {}, not {}", words(&given), words(&wanted)));
    }
    let modes = asked.access_modes.iter().flatten();
    if let Some(mode) =
        modes.into_iter().find(|mode| !has.access_modes.iter().flatten().any(|it| it == *mode))
    {
        let given = has.access_modes.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
        return Some(format!("offers {given}, not {mode}"));
    }
    let wanted = asked.resources.as_ref().and_then(|it| it.requests.as_ref()?.get("storage"));
    let given = has.capacity.as_ref().and_then(|it| it.get("storage"));
    let short = wanted.zip(given).filter(|(wanted, given)| {
        quantity(&wanted.0).zip(quantity(&given.0)).is_some_and(|(wanted, given)| given < wanted)
    });
    short.map(|(wanted, given)| format!("has {}, not {}", given.0, wanted.0))
}

fn reference(case: &Case<'_>, claim: &str) -> ObjectRef {
    ObjectRef::new("PersistentVolumeClaim", case.namespace(), claim)
}

fn claim<'a>(case: &Case<'a>, name: &str) -> Option<&'a PersistentVolumeClaim> {
    case.evidence().persistent_volume_claims.items().iter().find(|it| {
        it.metadata.name.as_deref() == Some(name)
            && it.metadata.namespace.as_deref().unwrap_or_default() == case.namespace()
    })
}

/// What the newest event of a claim says it waits for. Waiting for a consumer is no complaint.
fn complaint<'a>(case: &Case<'a>, claim: &str) -> Option<EventView<'a>> {
    let mut newest_first = case.world().events_named(&reference(case, claim)).into_iter().rev();
    newest_first.find(|event| {
        matches!(event.reason(), "ProvisioningFailed" | "FailedBinding" | "ExternalProvisioning")
    })
}

/// The claims of a pod that are not known to be bound.
fn unbound<'a>(case: &Case<'a>, pod: PodView<'a>) -> Vec<&'a str> {
    let volumes = pod.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let claims = volumes.iter().filter_map(|it| it.persistent_volume_claim.as_ref());
    let bound = |name: &str| {
        claim(case, name).is_some_and(|it| {
            it.status.as_ref().and_then(|it| it.phase.as_deref()) == Some("Bound")
        })
    };
    claims.map(|it| it.claim_name.as_str()).filter(|name| !bound(name)).collect()
}
