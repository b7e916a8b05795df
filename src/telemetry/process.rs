//! The conventional `process_*` metrics, read from `/proc/self` at each scrape.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Ticks per second in `/proc/self/stat`: USER_HZ, 100 on every Linux of today whatever the kernel's HZ.
const TICKS: f64 = 100.0;

/// Reads `/proc` when asked; a line it cannot read is left out.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut out: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        if let Some((cpu, start)) = cpu_and_start() {
            let metric = ConstCounter::new(cpu);
            let to = out.encode_descriptor(
                "process_cpu",
                "User and system CPU time",
                Some(&Unit::Seconds),
                metric.metric_type(),
            )?;
            metric.encode(to)?;
            let help = "When the process started, in seconds since 1970";
            gauge(&mut out, "process_start_time", help, Some(&Unit::Seconds), start)?;
        }
        if let Some((resident, size)) = memory() {
            let bytes = Some(&Unit::Bytes);
            gauge(&mut out, "process_resident_memory", "Resident memory", bytes, resident)?;
            gauge(&mut out, "process_virtual_memory", "Virtual memory", bytes, size)?;
        }
        if let Some(open) = open_files() {
            gauge(&mut out, "process_open_fds", "Open file descriptors", None, open)?;
        }
        if let Some(most) = most_files() {
            gauge(&mut out, "process_max_fds", "Limit of open file descriptors", None, most)?;
        }
        Ok(())
    }
}

fn gauge(
    out: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: f64,
) -> Result<(), std::fmt::Error> {
    let metric = ConstGauge::new(value);
    metric.encode(out.encode_descriptor(name, help, unit, metric.metric_type())?)
}

/// CPU seconds used, and the start time in seconds since 1970.
fn cpu_and_start() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the name in brackets and may hold spaces; count from behind it.
    let fields: Vec<f64> = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = boot.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    // proc(5): utime and stime are fields 14 and 15, starttime is 22; the state, field 3, is index 0.
    Some(((fields.get(11)? + fields.get(12)?) / TICKS, boot + fields.get(19)? / TICKS))
}

/// Resident and virtual memory in bytes.
fn memory() -> Option<(f64, f64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = |name: &str| -> Option<f64> {
        status.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
    };
    Some((kib("VmRSS:")? * 1024.0, kib("VmSize:")? * 1024.0))
}

fn open_files() -> Option<f64> {
    // The listing itself holds one descriptor open.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn most_files() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
