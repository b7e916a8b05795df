//! Logs as `kubectl cluster-info dump` writes them: one file per pod, one section per container.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::Pod;

use super::{Folder, files};
use crate::collect::redact::Seen;
use crate::collect::status;
use crate::collect::tail::tail;
use crate::diagnosis::{Instance, Log, Source};

/// All logs of all pods, by namespace and pod.
pub(super) fn all(folders: &[Folder], pods: &[Pod], seen: &Seen) -> Vec<Log> {
    let mut logs = Vec::new();
    for folder in folders {
        for (pod, path) in &folder.pods {
            for (file, instance) in
                [("previous-logs.txt", Instance::Previous), ("logs.txt", Instance::Current)]
            {
                let Some((text, cut)) = files::end(&path.join(file)) else { continue };
                let whose = Whose { namespace: &folder.namespace, pod, pods, instance };
                logs.extend(whose.logs(&text, cut));
            }
        }
    }
    for log in &mut logs {
        redact_log(log, seen);
    }
    logs
}

fn redact_log(log: &mut Log, seen: &Seen) {
    let (Source::Read(text) | Source::Unavailable(text)) = &mut log.text;
    if let Cow::Owned(clean) = seen.redact(text) {
        *text = clean;
    }
}

/// Whose file it is, as its folders say.
struct Whose<'a> {
    namespace: &'a str,
    pod: &'a str,
    pods: &'a [Pod],
    instance: Instance,
}

impl Whose<'_> {
    fn logs(&self, text: &str, cut: bool) -> Vec<Log> {
        let sections = sections(text);
        if sections.is_empty() {
            return self.unmarked(text, cut).into_iter().collect();
        }
        let log = |section: Section<'_>| {
            let pod = self.find(section.namespace, section.pod);
            self.log(section.namespace, section.pod, section.container, pod, section.text, false)
        };
        sections.into_iter().map(log).collect()
    }

    /// A file without section lines is the log of the pod's only container, or of the only one that
    /// has ever restarted or failed; else nobody can say whose it is, and the pod's first is named.
    fn unmarked(&self, text: &str, cut: bool) -> Option<Log> {
        let pod = self.find(self.namespace, self.pod);
        // A namespace's own files, looked at as if the dump's folder were a namespace.
        if pod.is_none() && self.namespace.is_empty() {
            return None;
        }
        let namespace = match pod.and_then(|pod| pod.metadata.namespace.as_deref()) {
            Some(namespace) => namespace,
            None => self.namespace,
        };
        let container = pod.and_then(status::likely_container).unwrap_or_default();
        Some(self.log(namespace, self.pod, &container, pod, text, cut))
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&Pod> {
        self.pods.iter().find(|pod| {
            pod.metadata.name.as_deref() == Some(name)
                && (namespace.is_empty() || pod.metadata.namespace.as_deref() == Some(namespace))
        })
    }

    fn log(
        &self,
        namespace: &str,
        name: &str,
        container: &str,
        pod: Option<&Pod>,
        text: &str,
        cut: bool,
    ) -> Log {
        let (text, shorter) = match refusal(text) {
            Some(why) => (Source::Unavailable(why.to_owned()), false),
            None => {
                let end = tail(text);
                (Source::Read(end.to_owned()), end.len() < text.len())
            }
        };
        Log {
            namespace: namespace.into(),
            pod: name.into(),
            container: container.into(),
            instance: self.instance,
            container_id: pod.and_then(|pod| status::container_id(pod, container, self.instance)),
            text,
            cut: cut || shorter,
        }
    }
}

/// The section of one container.
#[derive(Debug, PartialEq)]
struct Section<'a> {
    container: &'a str,
    namespace: &'a str,
    pod: &'a str,
    text: &'a str,
}

/// Splits `==== START logs for container NAME of pod NS/POD ====` sections. A section that does not end
/// goes to the end of the file; a START line inside a section is the application's own words.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = next_line(rest) {
        rest = after;
        let Some((container, namespace, pod)) = start(line) else { continue };
        let end = format!("==== END logs for container {container} of pod {namespace}/{pod} ====");
        // Where the log does not end in a newline, kubectl's own line begins in the middle of one.
        let (text, after) = rest.split_once(end.as_str()).unwrap_or((rest, ""));
        sections.push(Section { container, namespace, pod, text });
        rest = after;
    }
    sections
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    (!text.is_empty()).then(|| text.split_once('\n').unwrap_or((text, "")))
}

fn start(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim_end().strip_prefix("==== START logs for container ")?;
    let (container, of) = line.strip_suffix(" ====")?.split_once(" of pod ")?;
    let (namespace, pod) = of.split_once('/')?;
    Some((container, namespace, pod))
}

/// kubectl writes its own error in the log's place.
fn refusal(text: &str) -> Option<&str> {
    let line = text.trim_end();
    if line.contains('\n') {
        return None;
    }
    ["Request log error: ", "Create log request error: "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_end_where_kubectl_ended_them() {
        let text = "==== START logs for container a of pod shop/web ====\none\n==== START logs for \
                    container x of pod y/z ====\nno newline==== END logs for container a of pod \
                    shop/web ====\n==== START logs for container b of pod shop/web ====\ncut";
        let sections = sections(text);
        let told: Vec<_> = sections.iter().map(|s| (s.container, s.text)).collect();
        assert_eq!(
            told,
            [
                ("a", "one\n==== START logs for container x of pod y/z ====\nno newline"),
                ("b", "cut")
            ]
        );
    }
}
