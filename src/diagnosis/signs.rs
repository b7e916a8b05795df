//! What people see first (a state, an exit code, the reason of an event, the name of an alert) and the causes
//! that show it. A sign is never a cause.

use super::Cause;
use super::causes::ALL;

/// One thing that people see.
#[derive(Debug)]
pub struct Sign {
    /// What it is called, the usual name first: `137`, `SIGKILL`.
    pub names: &'static [&'static str],
    /// What kind of thing it is: `exit code`, `state`, `event`, `alert`.
    pub kind: &'static str,
    /// What it means, and what it does not.
    pub means: &'static str,
    /// The causes that show it, the commonest first.
    pub causes: &'static [&'static str],
}

const CRASHES: &[&str] = &[
    "application-crashed",
    "env-var-missing",
    "argument-invalid",
    "configuration-invalid",
    "dependency-unreachable",
    "credentials-refused",
    "oom-killed",
    "killed-by-probe",
    "command-not-found",
    "container-exits-cleanly",
    "file-not-permitted",
    "migration-failed",
];
const PULLS: &[&str] = &[
    "image-not-found",
    "image-pull-unauthorised",
    "registry-unreachable",
    "registry-rate-limited",
    "image-platform-missing",
    "image-reference-unusable",
    "node-disk-full",
];
const PLACES: &[&str] = &[
    "node-resources-short",
    "request-exceeds-every-node",
    "node-selector-unmatched",
    "taint-not-tolerated",
    "nodes-cordoned",
    "nodes-unfit",
    "pod-placement-rules-unmet",
    "host-port-taken",
    "claim-missing",
    "claim-unbound",
    "volume-out-of-reach",
    "scheduler-silent",
];
const REFUSALS: &[&str] = &[
    "quota-exceeded",
    "quota-needs-requests",
    "limit-range-violated",
    "pod-security-violated",
    "webhook-unreachable",
    "admission-denied",
    "service-account-missing",
    "priority-class-missing",
    "runtime-class-missing",
    "pod-creation-refused",
];
const UNREADY: &[&str] = &[
    "readiness-probe-failing",
    "probe-misconfigured",
    "dependency-unreachable",
    "network-policy-blocks",
    "credentials-refused",
    "node-lost",
];
const VOLUMES: &[&str] =
    &["volume-mount-failed", "secret-missing", "configmap-missing", "config-key-missing"];
const CLAIMS: &[&str] = &[
    "storage-class-missing",
    "no-volume-for-claim",
    "volume-provisioning-failed",
    "claim-unbound",
];
const SILENT: &[&str] = &[
    "service-selects-nothing",
    "service-port-unserved",
    "ingress-backend-missing",
    "dependency-unreachable",
    "network-policy-blocks",
    "cpu-throttled",
    "errors-logged",
    "readiness-probe-failing",
];

/// All signs, by kind.
pub const SIGNS: &[Sign] = &[
    sign(
        &["0"],
        "exit code",
        "The program says that all went well. Where it should run on, its main process is a one-shot, or puts itself into the background.",
        &["container-exits-cleanly"],
    ),
    sign(
        &["1"],
        "exit code",
        "The program gave up, in no particular way. Its last lines say why.",
        CRASHES,
    ),
    sign(
        &["2"],
        "exit code",
        "A Go panic, a wrong argument, or a misused shell builtin. Its last lines tell which.",
        &["application-crashed", "argument-invalid", "env-var-missing"],
    ),
    sign(
        &["126"],
        "exit code",
        "A shell found the command and may not run it.",
        &["command-not-found", "exec-format-error"],
    ),
    sign(
        &["127"],
        "exit code",
        "A shell did not find the command. With reason ContainerCannotRun it was the runtime.",
        &["command-not-found"],
    ),
    sign(
        &["128", "StartError", "ContainerCannotRun", "RunContainerError"],
        "exit code",
        "The runtime could not start the program: it never ran, and there is no log.",
        &["command-not-found", "container-refused-by-runtime", "oom-killed"],
    ),
    sign(
        &["132", "SIGILL"],
        "exit code",
        "The program used an instruction that the processor does not have.",
        &["application-crashed"],
    ),
    sign(
        &["134", "SIGABRT"],
        "exit code",
        "The program ended itself: a failed assertion, or a heap that is full.",
        &["heap-exhausted", "application-crashed"],
    ),
    sign(
        &["137", "SIGKILL"],
        "exit code",
        "Somebody else ended the program at once. By itself it does not tell who: the kernel for memory, the kubelet after a failed probe, an eviction, or whoever deleted the pod.",
        &[
            "oom-killed",
            "oom-killed-node",
            "killed-by-probe",
            "pod-evicted",
            "pod-deleted",
            "node-lost",
        ],
    ),
    sign(
        &["139", "SIGSEGV"],
        "exit code",
        "The program used memory that is not its own.",
        &["application-crashed"],
    ),
    sign(
        &["143", "SIGTERM"],
        "exit code",
        "The program was asked to stop and did: a rollout, a scale-down, a drain, a failed probe. Seldom a fault of its own.",
        &["killed-by-probe", "pod-deleted", "pod-evicted"],
    ),
    sign(
        &["255"],
        "exit code",
        "The program gave up with -1, or the runtime lost it (a restart of the node).",
        &["application-crashed", "exec-format-error", "node-lost"],
    ),
    sign(
        &["CrashLoopBackOff", "BackOff"],
        "state",
        "The container ends again and again, and the kubelet waits longer each time. It is what follows, not why.",
        CRASHES,
    ),
    sign(
        &["ImagePullBackOff", "ErrImagePull"],
        "state",
        "The node cannot get the image. The event Failed has the registry's own words.",
        PULLS,
    ),
    sign(
        &["InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed"],
        "state",
        "Nothing was pulled: the image's name, the pull policy or a signature policy forbids it.",
        &["image-reference-unusable"],
    ),
    sign(
        &["CreateContainerConfigError"],
        "state",
        "Something that the container's specification names is not there.",
        &[
            "secret-missing",
            "configmap-missing",
            "config-key-missing",
            "run-as-root-refused",
            "container-refused-by-runtime",
        ],
    ),
    sign(
        &["CreateContainerError"],
        "state",
        "The runtime refuses the container as it is specified.",
        &["container-refused-by-runtime", "command-not-found"],
    ),
    sign(
        &["OOMKilled"],
        "state",
        "The kernel ended the container for memory. Without a memory limit, or with its use far below it, it was the node.",
        &["oom-killed", "oom-killed-node", "heap-exhausted"],
    ),
    sign(
        &["ContainerCreating", "PodInitializing"],
        "state",
        "What comes before the container is not done: volumes, the sandbox, init containers.",
        &[
            "volume-mount-failed",
            "pod-sandbox-failed",
            "secret-missing",
            "configmap-missing",
            "init-container-hangs",
        ],
    ),
    sign(
        &["Pending", "Unschedulable"],
        "state",
        "The pod has no node, or its containers have not begun.",
        PLACES,
    ),
    sign(&["Evicted"], "state", "The kubelet put the pod out.", &["pod-evicted"]),
    sign(
        &["Terminating"],
        "state",
        "The pod was deleted and is still there.",
        &["deletion-held-up"],
    ),
    sign(
        &["Init:CrashLoopBackOff", "Init:Error"],
        "state",
        "An init container fails; the others have not begun and are not at fault.",
        &[
            "migration-failed",
            "dependency-unreachable",
            "credentials-refused",
            "application-crashed",
        ],
    ),
    sign(
        &["NotReady"],
        "state",
        "The container runs, and its readiness probe does not pass. It gets no traffic.",
        UNREADY,
    ),
    sign(
        &["FailedScheduling"],
        "event",
        "No node takes the pod. The scheduler counts the nodes by what stands against each.",
        PLACES,
    ),
    sign(
        &["FailedCreate", "ReplicaFailure"],
        "event",
        "The API server refuses the pods, so there are none to look at.",
        REFUSALS,
    ),
    sign(
        &["FailedMount", "FailedAttachVolume"],
        "event",
        "A volume is not there. Healthy pods show it for a moment too.",
        VOLUMES,
    ),
    sign(
        &["FailedCreatePodSandBox", "NetworkNotReady"],
        "event",
        "The node cannot set up the pod's network.",
        &["pod-sandbox-failed", "node-lost"],
    ),
    sign(
        &["Unhealthy"],
        "event",
        "A probe failed. Of a liveness or startup probe a kill follows, of a readiness probe the loss of traffic.",
        &[
            "probe-misconfigured",
            "killed-by-probe",
            "readiness-probe-failing",
            "dependency-unreachable",
        ],
    ),
    sign(
        &["FailedPostStartHook"],
        "event",
        "The hook after the start failed, and the container is killed for it.",
        &["post-start-hook-failed"],
    ),
    sign(&["FailedBinding", "ProvisioningFailed"], "event", "The claim has no volume.", CLAIMS),
    sign(
        &["BackoffLimitExceeded", "DeadlineExceeded"],
        "event",
        "The Job has used up its attempts, or its time. Why is told by its pods.",
        &["job-deadline-exceeded", "application-crashed", "migration-failed"],
    ),
    sign(
        &["TooManyMissedTimes", "MissSchedule", "JobAlreadyActive"],
        "event",
        "The CronJob leaves out runs.",
        &["cronjob-held-up"],
    ),
    sign(
        &["ProgressDeadlineExceeded"],
        "event",
        "The rollout does not get on. Why is told by the newest revision's pods.",
        &["readiness-probe-failing", "image-not-found", "application-crashed", "quota-exceeded"],
    ),
    sign(
        &["SystemOOM", "OOMKilling"],
        "event",
        "The kernel ended processes of the node for memory.",
        &["oom-killed-node", "oom-killed"],
    ),
    sign(
        &["KubePodCrashLooping", "PodRestarts"],
        "alert",
        "Containers restart again and again.",
        CRASHES,
    ),
    sign(
        &[
            "KubePodNotReady",
            "KubeDeploymentReplicasMismatch",
            "KubeStatefulSetReplicasMismatch",
            "KubeDaemonSetRolloutStuck",
        ],
        "alert",
        "Pods that should be ready are not.",
        &[
            "readiness-probe-failing",
            "probe-misconfigured",
            "image-not-found",
            "secret-missing",
            "node-resources-short",
            "application-crashed",
        ],
    ),
    sign(
        &["KubeContainerWaiting"],
        "alert",
        "A container waits and does not begin.",
        &[
            "image-not-found",
            "secret-missing",
            "configmap-missing",
            "volume-mount-failed",
            "container-refused-by-runtime",
        ],
    ),
    sign(
        &["KubeDeploymentRolloutStuck", "KubeDeploymentGenerationMismatch"],
        "alert",
        "A rollout does not come to its end.",
        &["image-not-found", "readiness-probe-failing", "quota-exceeded", "application-crashed"],
    ),
    sign(
        &["KubeJobFailed", "KubeJobNotCompleted"],
        "alert",
        "A Job has failed, or takes too long.",
        &[
            "application-crashed",
            "job-deadline-exceeded",
            "migration-failed",
            "dependency-unreachable",
        ],
    ),
    sign(&["KubePersistentVolumeFillingUp"], "alert", "A volume is nearly full.", &["volume-full"]),
    sign(
        &["KubeNodeNotReady", "KubeNodeUnreachable"],
        "alert",
        "A node does not answer, and its pods with it.",
        &["node-lost", "nodes-unfit", "pod-sandbox-failed"],
    ),
    sign(
        &["KubeQuotaExceeded", "KubeQuotaFullyUsed"],
        "alert",
        "The quota of a namespace is used up: new pods are refused.",
        &["quota-exceeded"],
    ),
    sign(
        &["CPUThrottlingHigh"],
        "alert",
        "Containers are held back at their CPU limit. It is a fault only where something comes too late by it, as a probe or an answer.",
        &["cpu-throttled", "killed-by-probe", "readiness-probe-failing"],
    ),
    sign(
        &["KubeHpaMaxedOut", "ScalingLimited"],
        "alert",
        "An autoscaler is at its maximum. It is a fault only where more pods would help.",
        &["autoscaler-at-limit"],
    ),
    sign(
        &["TargetDown", "HighErrorRate", "HighLatency"],
        "alert",
        "Callers are hurt, although nothing need have crashed.",
        SILENT,
    ),
];

const fn sign(
    names: &'static [&'static str],
    kind: &'static str,
    means: &'static str,
    causes: &'static [&'static str],
) -> Sign {
    Sign { names, kind, means, causes }
}

/// The sign of that name, however it is spelt: `crashloopbackoff`, `exit code 137`, `oom-killed` is a cause.
pub fn sign_called(name: &str) -> Option<&'static Sign> {
    let wanted = plain(name.trim_start_matches("exit code ").trim_start_matches("exit "));
    SIGNS.iter().find(|sign| sign.names.iter().any(|it| plain(it) == wanted))
}

/// The causes whose own description speaks of that word: what no sign is made of.
pub fn causes_that_mention(word: &str) -> Vec<&'static Cause> {
    let word = word.to_ascii_lowercase();
    let speaks = |cause: &&Cause| {
        let texts = [cause.title, cause.why].into_iter().chain(cause.looks_for.iter().copied());
        word.len() > 3 && texts.into_iter().any(|text| text.to_ascii_lowercase().contains(&word))
    };
    ALL.iter().copied().filter(|cause| speaks(cause)).collect()
}

/// The signs that a cause shows.
pub fn signs_of(cause: &Cause) -> impl Iterator<Item = &'static Sign> {
    let id = cause.id;
    SIGNS.iter().filter(move |sign| sign.causes.contains(&id))
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_leads_to_causes_of_the_catalogue() {
        for sign in SIGNS {
            assert!(!sign.causes.is_empty(), "{:?}", sign.names);
            for id in sign.causes {
                assert!(ALL.iter().any(|cause| cause.id == *id), "{id} of {:?}", sign.names);
            }
        }
    }

    #[test]
    fn no_name_means_two_things() {
        let names: Vec<String> = SIGNS.iter().flat_map(|it| it.names).map(|it| plain(it)).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|it| *it == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_sign_is_found_however_it_is_spelt() {
        for name in
            ["137", "exit code 137", "SIGKILL", "crash-loop-back-off", "kubepodcrashlooping"]
        {
            assert!(sign_called(name).is_some(), "{name}");
        }
        assert!(sign_called("nonsense").is_none());
    }
}
