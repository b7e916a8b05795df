//! A filesystem that the program writes to is full.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::complaint::{Complaint, Heard, heard};
use crate::diagnosis::edge::filling;
use crate::diagnosis::memory::words;

pub(super) static CAUSE: Cause = Cause {
    id: "volume-full",
    title: "A filesystem the program writes to is full",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed", "readiness-probe-failing"],
    why: "Claim {filled} is used to {share}. Container {container} has no space left: {message}. The volume behind it is claim {mounted}. {shm}",
    fix: &[
        "Enlarge claim {claim}, if its StorageClass allows it, or delete what is no longer needed there.",
        "Mount an emptyDir with medium Memory on {shared_memory} in {object}: the default is 64 MiB.",
        "Delete what is no longer needed, or enlarge the volume it writes to.",
    ],
    avoid: &["Deleting claim {claim}: its data goes with it."],
    looks_for: &[
        "`No space left on device`, `ENOSPC` in the program's own log. The same words in the kubelet's messages are about the node.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &[
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
    ],
    weigh,
};

/// The claim of the one volume of that kind which the container mounts: a program that names no path writes
/// its data there.
fn only_claim<'a>(it: &Heard<'a>) -> Option<&'a str> {
    let container = it.container;
    let mounts = container.spec().volume_mounts.iter().flatten();
    let volumes = container.pod().spec()?.volumes.iter().flatten();
    let volumes = volumes.filter(|volume| mounts.clone().any(|mount| mount.name == volume.name));
    let mut claims =
        volumes.filter_map(|it| Some(it.persistent_volume_claim.as_ref()?.claim_name.as_str()));
    let first = claims.next()?;
    claims.next().is_none().then_some(first)
}

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let shm = it.quote.contains("/dev/shm") || it.quote.contains("shared memory segment");
        let mounts = it.container.spec().volume_mounts.iter().flatten();
        let mut mounts: Vec<_> =
            mounts.filter(|mount| it.quote.contains(mount.mount_path.as_str())).collect();
        mounts.sort_by_key(|mount| mount.mount_path.len());
        let volumes =
            || it.container.pod().spec().into_iter().flat_map(|it| it.volumes.iter().flatten());
        let claim = mounts.last().and_then(|mount| {
            let volume = volumes().find(|volume| volume.name == mount.name)?;
            Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str())
        });
        let claim = claim.or_else(|| only_claim(it).filter(|_| !shm));
        // A program that serves and writes to no volume of its own repeats what another one says.
        if case.is_quiet() && claim.is_none() && mounts.is_empty() {
            return None;
        }
        let found = it
            .hypothesis()
            .maybe("shared_memory", shm.then_some("/dev/shm"))
            .maybe("claim", claim)
            .maybe("mounted", claim)
            .maybe("shm", shm.then_some("It is the shared memory of the pod, 64 MiB by default."));
        Some(match claim {
            Some(claim) => {
                found.target(ObjectRef::new("PersistentVolumeClaim", case.namespace(), claim))
            }
            None => found,
        })
    };
    let heard = heard(case, CAUSE.id, Complaint::DiskFull, "no space is left");
    heard.iter().filter_map(of).chain(of_claim(case)).collect()
}

/// A claim that is nearly full by its metrics.
fn of_claim(case: &Case<'_>) -> Option<Hypothesis> {
    let object = case.object();
    let filling = filling(case.world(), &object.namespace, &object.name)
        .filter(|_| object.kind == *"PersistentVolumeClaim")?;
    let (share, free) = (filling.share() * 100.0, filling.capacity - filling.used);
    Some(
        Hypothesis::certain(CAUSE.id)
            .because(Proof::fact(format!(
                "{share:.0} % of {} is used, {} is left",
                words(filling.capacity),
                words(free)
            )))
            .fact("claim", &object.name)
            .fact("filled", &object.name)
            .fact("share", format!("{share:.0} %"))
            .settle("kubectl -n {namespace} describe pvc {claim}"),
    )
}
