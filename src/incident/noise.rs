//! Alerts that open incidents in which nothing is wrong: counted per rule, and told once.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::hear::span;
use super::rules::{after, between};
use super::settle::has_failed;
use super::{Entry, Incident, Reply, Rules, Say};

/// Incidents of one rule that are remembered; more only make the number larger.
const MOST: usize = 200;

/// What is remembered of each rule, from its incidents that ended with nothing found.
#[derive(Clone, Debug, Default)]
pub struct Noise {
    rules: BTreeMap<String, Vec<Idle>>,
}

/// An incident in which nothing was wrong.
#[derive(Clone, Debug, PartialEq)]
struct Idle {
    at: Timestamp,
    lasted: Duration,
    about: String,
}

/// A rule that is worth a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noisy {
    /// Its name.
    pub rule: String,
    /// What is said of it.
    pub text: String,
}

impl Noise {
    /// What these incidents, in any order, tell of their rules.
    pub fn of(incidents: &[Incident]) -> Self {
        let mut noise = Self::default();
        let mut ended: Vec<&Incident> = incidents.iter().collect();
        ended.sort_by_key(|incident| incident.closed.as_ref().map(|closed| closed.at));
        ended.into_iter().for_each(|incident| noise.keep(incident));
        noise
    }

    /// Takes note of an incident that has just ended; says which of its rules have opened too many of its
    /// kind.
    pub fn ended(&mut self, incident: &Incident, now: Timestamp, rules: &Rules) -> Option<Noisy> {
        self.keep(incident);
        if !is_idle(incident) || rules.noisy.count == 0 {
            return None;
        }
        incident.alerts.values().find_map(|alert| {
            let idle = self.rules.get(&alert.name)?;
            let lately = |idle: &&Idle| after(idle.at, rules.noisy.within) > now;
            let lately: Vec<&Idle> = idle.iter().filter(lately).collect();
            let many = u32::try_from(lately.len()).unwrap_or(u32::MAX) >= rules.noisy.count;
            many.then(|| Noisy {
                rule: alert.name.clone(),
                text: text(&alert.name, &lately, rules),
            })
        })
    }

    fn keep(&mut self, incident: &Incident) {
        let Some(closed) = incident.closed.as_ref().filter(|_| is_idle(incident)) else { return };
        let about = incident.subject.object.as_ref().map_or_else(
            || incident.subject.group.clone(),
            |object| match object.namespace.as_str() {
                "" => object.name.clone(),
                namespace => format!("{namespace}/{}", object.name),
            },
        );
        let lasted = between(incident.since, closed.at);
        let names: std::collections::BTreeSet<&String> =
            incident.alerts.values().map(|alert| &alert.name).collect();
        for name in names {
            let idle = self.rules.entry(name.clone()).or_default();
            idle.push(Idle { at: closed.at, lasted, about: about.clone() });
            let surplus = idle.len().saturating_sub(MOST);
            idle.drain(..surplus);
        }
    }
}

/// The note, in the thread of the incident that was one too many; also in the channel, once. No pager
/// hears it.
pub fn note(noisy: &Noisy, now: Timestamp) -> (Entry, Say) {
    let text = noisy.text.clone();
    let entry = Entry { at: now, source: "firsthand".to_owned(), text: format!("noted: {text}") };
    (entry, Say::Reply { reply: Reply::Note { at: now, text }, broadcast: true })
}

/// Whether it ended, was opened by alerts alone, and nothing was wrong while they fired.
fn is_idle(incident: &Incident) -> bool {
    let looked = incident.subject.object.is_some() && incident.looks > 0;
    let ended = incident.closed.as_ref().is_some_and(|closed| closed.how == "alert ended");
    ended
        && looked
        && !incident.alerts.is_empty()
        && incident.finding.is_none()
        && incident.storm.is_none()
        && !has_failed(incident)
}

fn text(rule: &str, idle: &[&Idle], rules: &Rules) -> String {
    let mut about: BTreeMap<&str, usize> = BTreeMap::new();
    for one in idle {
        *about.entry(&one.about).or_default() += 1;
    }
    let most = about.iter().max_by_key(|(_, n)| **n);
    let whom = match (about.len(), most) {
        (1, Some((name, _))) => format!("all about {name}"),
        (n, Some((name, times))) => format!("about {n} workloads, {times} of them about {name}"),
        (_, None) => String::new(),
    };
    let longest = idle.iter().map(|one| one.lasted).max().unwrap_or_default();
    format!(
        "{rule} opened {} incidents in {} ({whom}), and in none of them was anything wrong to be found; each \
         ended by itself, the longest after {}. Raise its `for` above that, narrow its expression, or route \
         it away from people.",
        idle.len(),
        days(rules.noisy.within),
        span(longest)
    )
}

fn days(within: Duration) -> String {
    match within.as_secs() / 86_400 {
        0 => span(within),
        1 => "a day".to_owned(),
        n => format!("{n} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::ObjectRef;
    use crate::incident::{Closed, JoinedAlert, State, Subject};

    fn idle(n: i64) -> Incident {
        let at =
            |seconds| Timestamp::from_second(1_800_000_000 + n * 3_600 + seconds).expect("a time");
        let subject = Subject {
            cluster: "c".to_owned(),
            object: Some(ObjectRef::new("Deployment", "shop", format!("web-{}", n % 2))),
            group: String::new(),
        };
        let mut incident = Incident::open(&format!("FH-{n}"), subject, at(0));
        let alert = JoinedAlert {
            name: "KubeHpaMaxedOut".to_owned(),
            labels: [].into(),
            annotations: [].into(),
            starts_at: at(0),
            ended_at: Some(at(600)),
            generator_url: None,
            external_url: None,
        };
        incident.alerts.insert("a".to_owned(), alert);
        incident.looks = 3;
        incident.state = State::Resolved;
        let (how, because) = ("alert ended".to_owned(), String::new());
        incident.closed = Some(Closed { at: at(720), how, because });
        incident
    }

    #[test]
    fn the_one_too_many_is_noted_with_numbers_and_what_to_do() {
        let rules = Rules::default();
        let mut noise = Noise::of(&[idle(1), idle(0), idle(2), idle(3)]);
        let now = |incident: &Incident| incident.closed.as_ref().expect("an end").at;
        let fifth = idle(4);
        let noisy = noise.ended(&fifth, now(&fifth), &rules).expect("five of them");
        assert_eq!(
            noisy.text,
            "KubeHpaMaxedOut opened 5 incidents in 7 days (about 2 workloads, 3 of them about shop/web-0), \
             and in none of them was anything wrong to be found; each ended by itself, the longest after \
             12 min. Raise its `for` above that, narrow its expression, or route it away from people."
        );
        let late = idle(24 * 30);
        assert_eq!(noise.ended(&late, now(&late), &rules), None, "the others were long ago");
    }

    #[test]
    fn what_was_found_or_failed_is_no_noise() {
        let mut noise = Noise::of(&[idle(0), idle(1), idle(2), idle(3)]);
        let mut failed = idle(4);
        failed.memory.failed_at = Some(failed.since);
        assert_eq!(noise.ended(&failed, failed.since, &Rules::default()), None);
        let mut recovered = idle(4);
        recovered.closed =
            Some(Closed { how: "recovered".into(), ..recovered.closed.expect("an end") });
        assert_eq!(noise.ended(&recovered, recovered.since, &Rules::default()), None);
    }
}
