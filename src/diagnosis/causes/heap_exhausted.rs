//! The language's own heap is full; the kernel killed nobody.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "heap-exhausted",
    title: "The program's own heap is exhausted",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} ran out of its own heap: {message}. Its memory limit is {limit}.",
    fix: &[
        "Raise the heap to what the memory limit allows (-XX:MaxRAMPercentage, --max-old-space-size, memory_limit), if it needs that much.",
        "Find the leak with a heap dump, if its use only ever grows.",
    ],
    avoid: &["Raising only the container's memory limit: the heap has a bound of its own."],
    looks_for: &[
        "`java.lang.OutOfMemoryError`, `JavaScript heap out of memory`, `MemoryError`, `runtime: out of memory`, `std::bad_alloc`.",
        "Not OOMKilled: the kernel's kill leaves no such line. Raising the container's limit alone changes nothing where the heap has a bound of its own.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let killed = it.container.oom_killed().is_some();
        let limit = crate::diagnosis::memory::limit(&it.container).map(|(text, _)| text);
        (!killed).then(|| it.hypothesis().maybe("limit", limit))
    };
    heard(case, CAUSE.id, Complaint::Heap, "its heap is full").iter().filter_map(of).collect()
}
