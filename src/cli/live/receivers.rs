//! The receivers. Only Slack's bot can be asked without telling somebody something.

use super::{Line, slack};
use crate::delivery::ReceiverSettings;

pub(super) async fn look(receivers: &[ReceiverSettings]) -> Vec<Line> {
    let mut lines = Vec::new();
    for receiver in receivers {
        let kind = receiver.kinds().first().copied().unwrap_or("receiver");
        let part = format!("{kind} {}", receiver.name);
        match &receiver.slack {
            Some(settings) => lines.extend(slack::look(&part, settings).await),
            None if kind == "log" => lines.push(Line::good(&part, "tells nobody but the log")),
            None => lines.push(Line::good(
                &part,
                "its settings are complete; whether it takes a message only --send-test shows",
            )),
        }
    }
    if !receivers.iter().any(|receiver| receiver.watch) {
        lines.push(Line::weak(
            "watch",
            "nobody is told when Prometheus, the API server, the heartbeat or messages fail",
            "set watch: true on a receiver",
        ));
    }
    lines
}
