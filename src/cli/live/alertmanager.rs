//! Alertmanager: whether it answers, and whether a receiver of its own could point here.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Line;
use super::ask::{ask, span};
use super::prometheus::place;
use crate::intake::{AlertmanagerSettings, Asker};

const PART: &str = "alertmanager";

pub(super) async fn look(settings: &AlertmanagerSettings) -> Vec<Line> {
    let Some(url) = settings.url.as_deref() else {
        return vec![Line::weak(
            PART,
            "not set: silences are not known, and no message links to it",
            "set alertmanager.url",
        )];
    };
    let (client, headers) = match http(settings).await {
        Ok(http) => http,
        Err(why) => return vec![Line::bad(PART, why, "mend alertmanager's files")],
    };
    let url_of_status = format!("{}/api/v2/status", url.trim_end_matches('/'));
    let status = client.get(url_of_status).headers(headers);
    match ask(status).await {
        Err(why) => {
            let advice = "start it, let it be reached from here, or mend alertmanager.url";
            vec![Line::bad(PART, format!("{}: {why}", place(url)), advice)]
        }
        Ok(answer) => {
            let version = answer.body["versionInfo"]["version"].as_str().unwrap_or("not told");
            let says =
                format!("{} answers in {}, version {version}", place(url), span(answer.took));
            let config = answer.body["config"]["original"].as_str().unwrap_or_default();
            vec![Line::good(PART, says), pointing_here(config)]
        }
    }
}

/// The daemon's own client, with the certificates and credentials of the settings.
async fn http(settings: &AlertmanagerSettings) -> Result<(reqwest::Client, HeaderMap), String> {
    let asker = Asker::new(settings, "")?.ok_or("alertmanager.url is not set")?;
    asker.http().await
}

/// Alertmanager hides the addresses of webhooks, so a receiver is known by its name, or by being the only one.
fn pointing_here(config: &str) -> Line {
    let config: Value = serde_saphyr::from_str(config).unwrap_or(Value::Null);
    let empty = Vec::new();
    let receivers = config["receivers"].as_array().unwrap_or(&empty);
    let webhooks: Vec<(&str, &Value)> = receivers
        .iter()
        .flat_map(|receiver| {
            let name = receiver["name"].as_str().unwrap_or_default();
            let hooks = receiver["webhook_configs"].as_array().unwrap_or(&empty);
            hooks.iter().map(move |hook| (name, hook))
        })
        .collect();
    let ours = |(name, hook): &&(&str, &Value)| {
        let url = hook["url"].as_str().unwrap_or_default();
        name.to_lowercase().contains("firsthand") || url.ends_with("/alertmanager")
    };
    let found = webhooks.iter().find(ours).or(match webhooks.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    let add = "add a receiver with webhook_configs: [{ url: http://ADDRESS/alertmanager, send_resolved: true }] and a route to it";
    match found {
        None if webhooks.is_empty() => {
            Line::bad(PART, "no receiver of it has a webhook, so none points here", add)
        }
        None => {
            let names: Vec<_> = webhooks.iter().map(|(name, _)| *name).collect();
            let says = format!(
                "it hides the addresses of its webhooks ({}), and none is called firsthand",
                names.join(", ")
            );
            Line::weak(PART, says, format!("if none of them points here, {add}"))
        }
        Some((name, hook)) if hook["send_resolved"] == Value::Bool(false) => Line::bad(
            PART,
            format!("its receiver {name} does not say when an alert ends"),
            format!("set send_resolved: true in webhook_configs of {name}"),
        ),
        Some((name, _)) if !routed(&config["route"], name) => Line::bad(
            PART,
            format!("no route of it leads to its receiver {name}"),
            format!("add a route to {name}, with continue: true where others must hear as well"),
        ),
        Some((name, _)) => {
            Line::good(PART, format!("its receiver {name} has a webhook and says when alerts end"))
        }
    }
}

fn routed(route: &Value, name: &str) -> bool {
    route["receiver"] == name
        || route["routes"].as_array().is_some_and(|all| all.iter().any(|it| routed(it, name)))
}

#[cfg(test)]
mod tests {
    use super::pointing_here;

    fn says(config: &str) -> String {
        pointing_here(config).in_words()
    }

    #[test]
    fn a_receiver_that_could_point_here_is_looked_for() {
        let with = |more: &str| {
            format!(
                "route: {{ receiver: x, routes: [{{ receiver: firsthand }}] }}\nreceivers: [ {{ name: x }}, {more} ]"
            )
        };
        let good =
            "{ name: firsthand, webhook_configs: [ { url: <secret>, send_resolved: true } ] }";
        assert!(says(&with(good)).starts_with("good"), "{}", says(&with(good)));
        let quiet =
            "{ name: firsthand, webhook_configs: [ { url: <secret>, send_resolved: false } ] }";
        assert!(says(&with(quiet)).contains("does not say when an alert ends"));
        let unrouted = "{ name: other, webhook_configs: [ { url: <secret> } ] }";
        assert!(says(&with(unrouted)).contains("no route of it leads"));
        assert!(says("receivers: [ { name: x } ]").contains("none points here"));
        assert!(says("").starts_with("bad"));
    }
}
