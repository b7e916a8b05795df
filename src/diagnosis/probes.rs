//! What probes said and did to a container. Shared by the causes about probes and kills.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerPort, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use regex::Regex;

use super::container::ContainerView;
use super::event::EventView;

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Liveness,
    Startup,
    Readiness,
}

impl Which {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Startup => "startup",
            Self::Readiness => "readiness",
        }
    }

    pub(super) fn of<'a>(self, container: &ContainerView<'a>) -> Option<&'a Probe> {
        let spec = container.spec();
        match self {
            Self::Liveness => spec.liveness_probe.as_ref(),
            Self::Startup => spec.startup_probe.as_ref(),
            Self::Readiness => spec.readiness_probe.as_ref(),
        }
    }
}

/// The event by which the kubelet kills a container for a failed probe, if the newest ended run was
/// ended so: it was last said during that run or later. Where the kubelet has fallen silent, an earlier
/// run speaks for the newest one, if that was ended by a signal too.
pub(super) fn kill<'a>(container: &ContainerView<'a>) -> Option<(Which, EventView<'a>)> {
    let ended = container.last_ended()?;
    let by_signal = matches!(ended.exit_code(), 137 | 143) && ended.reason() != "OOMKilled";
    let begun = ended.started_at();
    let unheard = by_signal && is_unheard(container, begun);
    kills(container).into_iter().find(|(_, event)| unheard || event.is_since(begun))
}

/// Whether the kubelet had fallen silent when a run began: it says of every start that it `Started` the
/// container, and of this one it did not. It writes 25 events about one pod, then one every five minutes
/// (client-go's spam filter): a pod that is killed again and again outlives its events.
fn is_unheard(container: &ContainerView<'_>, begun: Option<Timestamp>) -> bool {
    // The kubelet says so a moment before the runtime's own time, or after.
    let begun = begun.and_then(|begun| begun.checked_sub(SignedDuration::from_secs(5)).ok());
    let events = container.events();
    let mut started = events.iter().filter(|event| event.reason() == "Started").peekable();
    begun.is_some() && started.peek().is_some() && !started.any(|event| event.is_since(begun))
}

/// All events of such kills, the newest first.
fn kills<'a>(container: &ContainerView<'a>) -> Vec<(Which, EventView<'a>)> {
    let newest_first = container.events().into_iter().rev();
    let killing = newest_first.filter(|it| it.reason() == "Killing");
    let of_probe = killing.filter_map(|event| {
        let which = if event.message().contains("failed liveness probe") {
            Which::Liveness
        } else if event.message().contains("failed startup probe") {
            Which::Startup
        } else {
            return None;
        };
        let names_it = event.container().is_some() || event.message().contains(container.name());
        names_it.then_some((which, event))
    });
    of_probe.collect()
}

/// The newest failure of that probe.
pub(super) fn failure<'a>(container: &ContainerView<'a>, which: Which) -> Option<EventView<'a>> {
    let begun = match which {
        Which::Readiness => container.running_since(),
        _ => container.last_ended().and_then(|ended| ended.started_at()),
    };
    let start = match which {
        Which::Liveness => "Liveness probe",
        Which::Startup => "Startup probe",
        Which::Readiness => "Readiness probe",
    };
    let unheard = is_unheard(container, begun);
    let mut newest_first = container.events().into_iter().rev();
    newest_first.find(|event| {
        event.reason() == "Unhealthy"
            && event.message().starts_with(start)
            && (unheard || event.is_since(begun))
    })
}

/// The port that a probe asks, as a number.
pub(super) fn port(probe: &Probe, container: &ContainerView<'_>) -> Option<i32> {
    let ports = container.spec().ports.as_deref().unwrap_or_default();
    let number = |port: &IntOrString| match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => named(ports, name).or_else(|| name.parse().ok()),
    };
    if let Some(http) = &probe.http_get {
        return number(&http.port);
    }
    if let Some(tcp) = &probe.tcp_socket {
        return number(&tcp.port);
    }
    probe.grpc.as_ref().map(|grpc| grpc.port)
}

fn named(ports: &[ContainerPort], name: &str) -> Option<i32> {
    ports.iter().find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port)
}

/// A line in which an application says on which port it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard<'a> {
    pub(super) number: u64,
    pub(super) line: &'a str,
    pub(super) port: i32,
}

impl Heard<'_> {
    /// Whether it listens for its own pod's loopback only, where the kubelet and Services cannot reach it.
    pub(super) fn is_loopback(&self) -> bool {
        ["127.0.0.1:", "localhost:", "[::1]:"]
            .iter()
            .any(|host| self.line.contains(&format!("{host}{}", self.port)))
    }
}

/// What an application says of its ports, the newest line of each port: it may have several.
pub(super) fn listening(log: &str) -> Vec<Heard<'_>> {
    static PORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let said = r"(?i)\b(listen(s|ing|en)?|serving|server (started|running|is running)|started (server|on)|bound|running on|ready on)\b";
        Regex::new(&format!(r"{said}.*?(?:port\D{{0,6}}|:)(?P<port>\d{{2,5}})\b")).ok()
    });
    let mut found: Vec<Heard<'_>> = Vec::new();
    let Some(pattern) = PORT.as_ref() else { return found };
    for (at, line) in log.lines().enumerate() {
        if let Some(port) = pattern.captures(line).and_then(|it| it["port"].parse().ok()) {
            found.retain(|other| other.port != port);
            found.push(Heard { number: at as u64 + 1, line, port });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_says_its_port_in_many_ways() {
        let port = |line| listening(line).first().map(|it| it.port);
        assert_eq!(port("2026-11-21T02:11:00Z listening on :8080"), Some(8080));
        assert_eq!(port("Server listening on http://0.0.0.0:3000"), Some(3000));
        assert_eq!(port("Tomcat started on port(s): 8081 (http)"), Some(8081));
        assert_eq!(
            port("Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ..."),
            Some(8000)
        );
        assert_eq!(port("Running on http://127.0.0.1:5000"), Some(5000));
        assert_eq!(port("connection to db:5432 refused"), None);
        let both = listening("http listening on :8080\nmetrics listening on 127.0.0.1:9090");
        assert_eq!(both.iter().map(|it| it.port).collect::<Vec<_>>(), [8080, 9090]);
        assert_eq!(both.iter().map(Heard::is_loopback).collect::<Vec<_>>(), [false, true]);
    }
}
