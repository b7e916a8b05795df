//! Logs of containers, streamed, of which only the end is kept.

use futures::AsyncReadExt as _;
use futures::future::join_all;

use super::api::{Refusal, log_path};
use super::choose::Wanted;
use super::round::Round;
use crate::collect::settings::LogSettings;
use crate::collect::tail::{LIMIT, tail};
use crate::diagnosis::{Evidence, Instance, Log, Source};

/// Lines asked for, from the end. At 50 bytes a line it fills the limit of what is kept.
const LINES: &str = "5000";
/// Lines asked for where those were too many bytes.
const FEWER: &str = "100";
/// Bytes read of one log. The API server sends the oldest line first, so what stops here misses the end.
const READ: usize = 32 << 20;

/// Reads all of them at once.
pub(super) async fn read(round: &Round<'_>, wanted: Vec<Wanted>) -> Vec<Log> {
    join_all(wanted.into_iter().map(|wanted| one(round, wanted))).await
}

/// What stands in the place of a log that the settings keep us from.
const NEVER: &str = "not read: the settings say `never` of this namespace's logs";

/// Takes out what Kubernetes repeats of logs that are never to be read: the last words of a container whose
/// termination message falls back to its log.
pub(super) fn forget_repeated(settings: &LogSettings, evidence: &mut Evidence) {
    let Source::Read(pods) = &mut evidence.pods else { return };
    for pod in pods {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        if !settings.never(namespace) {
            continue;
        }
        let Some(status) = &mut pod.status else { continue };
        let all = [&mut status.container_statuses, &mut status.init_container_statuses];
        for status in all.into_iter().flatten().flatten() {
            for state in [&mut status.state, &mut status.last_state].into_iter().flatten() {
                if let Some(terminated) = &mut state.terminated {
                    terminated.message = None;
                }
            }
        }
    }
}

async fn one(round: &Round<'_>, mut wanted: Wanted) -> Log {
    if round.settings.logs.never(&wanted.namespace) {
        wanted.absent = Some(NEVER.to_owned());
    }
    let (text, cut) = match &wanted.absent {
        Some(why) => (Source::Unavailable(why.clone()), false),
        None => match fetch(round, &wanted).await {
            Ok((text, cut)) => {
                let end = tail(&text);
                let cut = cut || end.len() < text.len();
                (Source::Read(round.clean(end)), cut)
            }
            Err(refusal) => (Source::Unavailable(refusal.words()), false),
        },
    };
    let Wanted { namespace, pod, container, instance, container_id, .. } = wanted;
    Log { namespace, pod, container, instance, container_id, text, cut }
}

/// The end of the log, and whether its beginning is missing.
async fn fetch(round: &Round<'_>, wanted: &Wanted) -> Result<(String, bool), Refusal> {
    let bytes = match lines(round, wanted, LINES).await? {
        Some(bytes) => Some(bytes),
        None => lines(round, wanted, FEWER).await?,
    };
    let (bytes, mut cut) =
        bytes.ok_or_else(|| Refusal::Other("its lines are too long to read".into()))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    cut |= text.lines().count() >= 5000;
    Ok((text, cut))
}

/// The bytes of so many lines; nothing where they are more than is read of one log.
async fn lines(
    round: &Round<'_>,
    wanted: &Wanted,
    lines: &str,
) -> Result<Option<(Vec<u8>, bool)>, Refusal> {
    let mut query = vec![("container", wanted.container.as_str()), ("tailLines", lines)];
    query.extend((wanted.instance == Instance::Previous).then_some(("previous", "true")));
    let path = log_path(&wanted.namespace, &wanted.pod, &query)
        .ok_or_else(|| Refusal::Other("not the name of a pod".into()))?;
    let what = format!("pods/log in namespace {}", wanted.namespace);
    let reading = async {
        let mut stream = round.open(&path, &what).await?;
        let (mut kept, mut read, mut cut) = (Vec::new(), 0, false);
        let mut chunk = vec![0; 64 << 10];
        loop {
            let count = stream.read(&mut chunk).await;
            let count = count
                .map_err(|error| Refusal::Other(format!("the log broke off: {}", error.kind())))?;
            if count == 0 {
                return Ok(Some((kept, cut)));
            }
            read += count;
            if read > READ {
                return Ok(None);
            }
            kept.extend_from_slice(&chunk[..count]);
            // Twice the limit is kept, so that the end is moved seldom and still begins with a line.
            if kept.len() > 4 * LIMIT {
                kept.drain(..kept.len() - 2 * LIMIT);
                cut = true;
            }
        }
    };
    round.within(reading).await
}
