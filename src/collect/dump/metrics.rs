//! `metrics.txt`: the text form of OpenMetrics and of Prometheus, with or without times.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::files;
use crate::diagnosis::{Metrics, Series};

/// The text of the dump's metrics, where it has any.
pub(super) fn text(dir: &Path) -> Option<String> {
    files::text(&dir.join("metrics.txt"))
}

/// The newest time of a sample.
pub(super) fn newest(text: &str) -> Option<Timestamp> {
    text.lines().filter_map(sample).filter_map(|sample| sample.at).max()
}

/// All series. A sample without a time is of `taken_at`; a line that is no sample is passed over.
pub(super) fn parse(text: &str, taken_at: Timestamp) -> Metrics {
    let mut series: BTreeMap<(String, Labels), Vec<(Timestamp, f64)>> = BTreeMap::new();
    for sample in text.lines().filter_map(sample) {
        if sample.value.is_finite() {
            let at = sample.at.unwrap_or(taken_at);
            series.entry((sample.name, sample.labels)).or_default().push((at, sample.value));
        }
    }
    let series = series.into_iter().map(|((name, labels), mut samples)| {
        samples.sort_by_key(|(at, _)| *at);
        Series { name, labels, samples }
    });
    Metrics(series.collect())
}

type Labels = BTreeMap<String, String>;

struct Sample {
    name: String,
    labels: Labels,
    value: f64,
    at: Option<Timestamp>,
}

/// `name{label="value"} 12.5 1700000000.5 # exemplar`
fn sample(line: &str) -> Option<Sample> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let mut words = rest.split_whitespace();
    let value = number(words.next()?)?;
    let at = words.next().filter(|word| *word != "#").and_then(number).and_then(time);
    Some(Sample { name: name.to_owned(), labels, value, at })
}

/// Labels up to the closing brace, and what follows it.
fn labels(text: &str) -> Option<(Labels, &str)> {
    let mut labels = BTreeMap::new();
    let mut rest = text.trim_start_matches([',', ' ']);
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        labels.insert(name.trim().to_owned(), value);
        rest = after.trim_start_matches([',', ' ']);
    }
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn number(word: &str) -> Option<f64> {
    match word {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        word => word.parse().ok(),
    }
}

/// OpenMetrics writes seconds, Prometheus' older text milliseconds: as seconds those would be in the
/// year 5138 and later.
fn time(number: f64) -> Option<Timestamp> {
    let millis = if number.abs() >= 1e11 { number } else { number * 1000.0 };
    #[expect(clippy::cast_possible_truncation, reason = "from_millisecond refuses what is no time")]
    Timestamp::from_millisecond(millis.round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_text_forms_are_read() {
        let text = "# HELP a b\n# TYPE a gauge\na{x=\"1\\\"}\",y=\"\\n\"} 1.5 1700000000.5\n\
                    a{x=\"1\\\"}\",y=\"\\n\"} 2 1700000001500\nb 3\nc NaN\nd{} 4 # {t=\"1\"} 5\n\
                    broken{x=\"\n# EOF";
        let at = Timestamp::UNIX_EPOCH;
        let metrics = parse(text, at);
        let told: Vec<_> = metrics.0.iter().map(|s| (s.name.as_str(), s.labels.len())).collect();
        assert_eq!(told, [("a", 2), ("b", 0), ("d", 0)]);
        let samples = |i: usize| -> Vec<_> {
            metrics.0[i].samples.iter().map(|(at, v)| (at.as_millisecond(), *v)).collect()
        };
        assert_eq!(samples(0), [(1_700_000_000_500, 1.5), (1_700_000_001_500, 2.0)]);
        assert_eq!((samples(1), samples(2)), (vec![(0, 3.0)], vec![(0, 4.0)]));
        assert_eq!(metrics.0[0].labels["x"], "1\"}");
        assert_eq!(newest(text).map(|at| at.as_millisecond()), Some(1_700_000_001_500));
    }
}
