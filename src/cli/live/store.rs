//! The store: whether its folder can be written, how fast, and how much room is left.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Line;
use super::ask::span;
use crate::ledger;

const PART: &str = "store";

/// Every webhook waits for one of these. Above this a storm is answered late; above the other, with 503.
const SLOW: Duration = Duration::from_millis(50);
const TOO_SLOW: Duration = Duration::from_secs(1);

/// Less than this is soon full.
const LITTLE: u64 = 100 << 20;

/// How often the disk is asked; the median counts.
const TIMES: usize = 5;

pub(super) async fn look(settings: &ledger::Settings) -> Vec<Line> {
    let folder = match settings.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let most = settings.max_mib.saturating_mul(1 << 20);
    let held = std::fs::metadata(&settings.path).map_or(0, |file| file.len());
    let looked = tokio::task::spawn_blocking(move || [written(&folder), room(&folder, most, held)]);
    looked.await.map(Vec::from).unwrap_or_default()
}

fn written(folder: &Path) -> Line {
    match sync(folder) {
        Err(why) => {
            let says = format!("{} cannot be written: {why}", folder.display());
            Line::bad(PART, says, "make it writable, or name another store.path")
        }
        Ok(took) if took > TOO_SLOW => {
            let says = format!("a write takes {} to reach the disk", span(took));
            Line::bad(PART, says, "use a local disk: webhooks wait for it")
        }
        Ok(took) if took > SLOW => {
            let says = format!("a write takes {} to reach the disk", span(took));
            Line::weak(PART, says, "a faster disk keeps up with a storm")
        }
        Ok(took) => {
            let ms = took.as_secs_f64() * 1000.0;
            Line::good(
                PART,
                format!("{} is writable, {ms:.1} ms to reach the disk", folder.display()),
            )
        }
    }
}

/// How long a small write takes until it is on the disk.
fn sync(folder: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile::Builder::new().prefix(".firsthand-check-").tempfile_in(folder)?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.as_file().sync_all()?;
        took.push(began.elapsed());
    }
    took.sort();
    Ok(took[TIMES / 2])
}

fn room(folder: &Path, most: u64, held: u64) -> Line {
    let free = match rustix::fs::statvfs(folder) {
        Ok(told) => told.f_bavail.saturating_mul(told.f_frsize),
        Err(why) => return Line::weak(PART, format!("free space is not known: {why}"), ""),
    };
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let says = format!("{} free, {} of {} used", mib(free), mib(held), mib(most));
    match most.saturating_sub(held) {
        _ if free < LITTLE => Line::bad(PART, says, "make room: a full disk turns webhooks away"),
        0 => Line::bad(PART, says, "raise store.max_mib, or lower store.keep: it is full"),
        rest if free < rest => {
            let advice = "make room or lower store.max_mib: the disk is full before the store is";
            Line::weak(PART, says, advice)
        }
        _ => Line::good(PART, says),
    }
}
