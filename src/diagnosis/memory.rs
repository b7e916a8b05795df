//! Memory limits and what metrics say was used. Shared by the causes about memory.

use super::{Case, ContainerView};

/// A peak this near its limit is the limit: the sample before the kill is never the last byte.
pub(super) const NEAR: f64 = 0.9;

/// The container's own memory limit: as the spec writes it, and in bytes.
pub(super) fn limit<'a>(container: &ContainerView<'a>) -> Option<(&'a str, f64)> {
    let limits = container.spec().resources.as_ref()?.limits.as_ref()?;
    let text = limits.get("memory")?.0.as_str();
    Some((text, quantity(text)?))
}

/// The highest sample of the container's working set, in bytes; nothing where metrics have none.
pub(super) fn peak(case: &Case<'_>, container: &ContainerView<'_>) -> Option<f64> {
    let metrics = case.evidence().metrics.read()?;
    let of = |name: &'static str| {
        let series = metrics.of_container(name, *container);
        series.flat_map(|it| it.samples.iter().map(|(_, value)| *value)).reduce(f64::max)
    };
    let working_set = of("container_memory_working_set_bytes");
    working_set.into_iter().chain(of("container_memory_max_usage_bytes")).reduce(f64::max)
}

/// How the working set of the run that was killed went, where it only grew: from, to, within how many minutes.
pub(super) fn growth(case: &Case<'_>, container: &ContainerView<'_>) -> Option<(f64, f64, i64)> {
    let ended = container.last_ended()?;
    let (began, end) = (ended.started_at()?, ended.finished_at()?);
    let metrics = case.evidence().metrics.read()?;
    let mine = metrics.of_container("container_memory_working_set_bytes", *container);
    let samples = mine.flat_map(|series| series.samples.iter().copied());
    let mut run: Vec<_> = samples.filter(|(at, _)| *at >= began && *at <= end).collect();
    run.sort_by_key(|(at, _)| *at);
    super::mistakes::only_grew(&run)
}

/// `255Mi`.
pub(super) fn words(bytes: f64) -> String {
    format!("{}Mi", (bytes / 1024.0 / 1024.0).floor())
}

/// A quantity of Kubernetes in units (of memory: bytes): `256Mi`, `1G`, `1e9`, `512`.
pub(super) fn quantity(text: &str) -> Option<f64> {
    let split = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        _ => return text.parse().ok(),
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_every_suffix() {
        assert_eq!(quantity("256Mi"), Some(268_435_456.0));
        assert_eq!(quantity("1G"), Some(1e9));
        assert_eq!(quantity("1e9"), Some(1e9));
        assert_eq!(quantity("512"), Some(512.0));
        assert_eq!(quantity("lots"), None);
    }
}
