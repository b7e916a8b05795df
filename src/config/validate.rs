//! What no type can say: addresses, names that refer to each other, files that must be there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::Settings;
use super::layers::Layers;
use super::nearest::nearest;
use super::secret::{self, Secret};
use super::walk::Walk;
use crate::delivery::ReceiverSettings;
use crate::incident::Audience;
use crate::incident::route::Route;
use crate::intake::TlsFiles;

/// Notes every fault of meaning. Paths in `settings` are absolute, or as they will be opened.
pub(super) fn check(settings: &Settings, layers: &Layers, walk: &mut Walk) {
    let mut checks = Checks { layers, walk };
    checks.listen(&settings.listen);
    checks.store(&settings.store.path);
    checks.sources(settings);
    checks.durations(settings);
    for (index, receiver) in settings.receivers.iter().enumerate() {
        checks.receiver(&format!("receivers[{index}]"), receiver);
    }
    checks.names(&settings.receivers);
    checks.routes(settings);
    checks.causes(&settings.incident.tell_at_once);
    for (at, key, what) in settings.collect.redaction.faults() {
        let path = format!("collect.redaction.patterns[{at}].{key}");
        checks.fault(
            &path,
            what,
            "write one as in `{ name: customer-number, pattern: 'KD-[0-9]{8}' }`",
        );
    }
}

struct Checks<'a> {
    layers: &'a Layers,
    walk: &'a mut Walk,
}

impl Checks<'_> {
    fn fault(&mut self, path: &str, what: impl Into<String>, advice: impl Into<String>) {
        self.walk.fault(self.layers, path, what.into(), advice.into());
    }

    fn warning(&mut self, path: &str, what: impl Into<String>, advice: impl Into<String>) {
        self.walk.warning(self.layers, path, what.into(), advice.into());
    }

    fn listen(&mut self, listen: &str) {
        let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
        if host.is_empty() && !port.is_empty() {
            let advice = format!("write `0.0.0.0:{port}` for every address of this machine");
            self.fault("listen", format!("`{listen}` names no address"), advice);
        } else if host.is_empty() || port.parse::<u16>().is_err() || listen.contains('/') {
            let what = format!("`{listen}` is not an address to listen on");
            self.fault("listen", what, "write address:port, as in `127.0.0.1:9095`");
        }
    }

    fn store(&mut self, path: &Path) {
        let shown = path.display();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if path.is_dir() {
            let advice = "name a file in it, as in `firsthand.db`";
            return self.fault("store.path", format!("{shown} is a folder"), advice);
        }
        match std::fs::metadata(folder) {
            Err(_) => {
                let what = format!("the folder {} does not exist", folder.display());
                self.fault("store.path", what, "create it, or name another file");
            }
            Ok(it) if !it.is_dir() => {
                let what = format!("{} is not a folder", folder.display());
                self.fault("store.path", what, "name a file in an existing folder");
            }
            Ok(it) if it.permissions().readonly() => {
                let what = format!("the folder {} is not writable", folder.display());
                self.fault("store.path", what, "make it writable, or name another file");
            }
            Ok(_) => {}
        }
        if path.exists()
            && let Err(error) = std::fs::OpenOptions::new().append(true).open(path)
        {
            let what = format!("{shown} cannot be written: {}", error.kind());
            self.fault("store.path", what, "make it writable, or name another file");
        }
    }

    /// Prometheus, Alertmanager, and who may send alerts.
    fn sources(&mut self, settings: &Settings) {
        let prometheus = &settings.prometheus;
        if let Some(url) = &prometheus.url {
            self.url("prometheus.url", url);
        }
        if let Some(url) = &settings.alertmanager.url {
            self.url("alertmanager.url", url);
        }
        let alertmanager = &settings.alertmanager;
        for (of, bearer, basic, tls) in [
            ("prometheus", &prometheus.bearer_token_file, &prometheus.basic_auth, &prometheus.tls),
            (
                "alertmanager",
                &alertmanager.bearer_token_file,
                &alertmanager.basic_auth,
                &alertmanager.tls,
            ),
        ] {
            if bearer.is_some() && basic.is_some() {
                let advice = "keep one of them";
                self.fault(&format!("{of}.basic_auth"), "stands beside bearer_token_file", advice);
            }
            self.certificates(of, tls);
        }
        let files = [
            ("prometheus.bearer_token_file", prometheus.bearer_token_file.as_deref()),
            (
                "prometheus.basic_auth.password_file",
                prometheus.basic_auth.as_ref().map(|it| it.password_file.as_path()),
            ),
            ("alertmanager.bearer_token_file", alertmanager.bearer_token_file.as_deref()),
            (
                "alertmanager.basic_auth.password_file",
                alertmanager.basic_auth.as_ref().map(|it| it.password_file.as_path()),
            ),
            ("web.bearer_token_file", settings.web.bearer_token_file.as_deref()),
            (
                "web.basic_auth.password_file",
                settings.web.basic_auth.as_ref().map(|it| it.password_file.as_path()),
            ),
        ];
        for (path, file) in files {
            if let Some(file) = file {
                self.secret(path, &Secret::File(file));
            }
        }
        let others = settings.clusters.iter().enumerate();
        let others = others.flat_map(|(i, it)| {
            it.links.iter().map(move |link| (format!("clusters[{i}].links"), link))
        });
        let own = settings.cluster.links.iter().map(|link| ("cluster.links".to_owned(), link));
        for (of, (name, template)) in own.chain(others) {
            let path = format!("{of}.{name}");
            if !["grafana", "console", "logs", "runbook"].contains(&name.as_str()) {
                let what = "is no link that messages have a place for";
                self.fault(&path, what, "there are: grafana, console, logs, runbook");
            }
            self.url(&path, template);
        }
        self.clusters(settings);
        if settings.cluster.name.trim().is_empty() {
            self.fault("cluster.name", "is empty", "name the cluster as people call it");
        }
    }

    /// Further clusters are told apart by their names, and none may be ours by accident.
    fn clusters(&mut self, settings: &Settings) {
        for (i, cluster) in settings.clusters.iter().enumerate() {
            let path = format!("clusters[{i}]");
            let name = cluster.name.as_str();
            let before = settings.clusters.iter().take(i).any(|it| it.name == name);
            if before || name == settings.cluster.name {
                let what = format!("`{name}` is another cluster's name already");
                self.fault(&format!("{path}.name"), what, "name it as its alerts do");
            }
            let reached = [
                cluster.kubeconfig.is_some(),
                cluster.context.is_some(),
                cluster.api_url.is_some(),
            ];
            if !reached.contains(&true) {
                let what = "says not how it is reached, and would be taken for this cluster";
                self.fault(&path, what, "add kubeconfig, context or api_url");
            }
            if let Some(url) = &cluster.api_url {
                self.url(&format!("{path}.api_url"), url);
            }
        }
    }

    /// Certificate and key go together, and every file can be read.
    fn certificates(&mut self, of: &str, tls: &TlsFiles) {
        let TlsFiles { ca_file, cert_file, key_file } = tls;
        for (name, other, here, there) in [
            ("cert_file", "key_file", cert_file, key_file),
            ("key_file", "cert_file", key_file, cert_file),
        ] {
            if here.is_some() && there.is_none() {
                let what = format!("stands without {other}");
                self.fault(&format!("{of}.tls.{name}"), what, "name both, or neither");
            }
        }
        for (name, file) in [("ca_file", ca_file), ("cert_file", cert_file), ("key_file", key_file)]
        {
            let Some(file) = file else { continue };
            if let Err(error) = std::fs::File::open(file) {
                let what = format!("{} cannot be read: {}", file.display(), error.kind());
                let advice = "mount the file, or name another one";
                self.fault(&format!("{of}.tls.{name}"), what, advice);
            }
        }
    }

    fn url(&mut self, path: &str, url: &str) {
        let advice = "write it as in `http://127.0.0.1:9090`";
        match reqwest::Url::parse(url) {
            Ok(parsed) if !["http", "https"].contains(&parsed.scheme()) => {
                let what = format!("the address begins with `{}:`", parsed.scheme());
                self.fault(path, what, "begin it with http:// or https://");
            }
            Ok(parsed) if parsed.host_str().is_none_or(str::is_empty) => {
                self.fault(path, "the address names no host", advice);
            }
            Ok(_) => {}
            // The address is not shown: a webhook's often holds a secret.
            Err(_) if !url.contains("://") => {
                self.fault(path, "the address has no http:// in front", advice);
            }
            Err(error) => self.fault(path, format!("is not an address: {error}"), advice),
        }
    }

    fn durations(&mut self, settings: &Settings) {
        let Settings { prometheus, incident, delivery, .. } = settings;
        let must_pass = [
            ("prometheus.poll_interval", prometheus.poll_interval),
            ("prometheus.timeout", prometheus.timeout),
            ("store.keep", settings.store.keep),
            ("incident.recovery_window", incident.recovery_window),
            ("incident.max_recovery_window", incident.max_recovery_window),
            ("incident.restarts_to_speak.within", incident.restarts_to_speak.within),
            ("incident.look.first", incident.look.first),
            ("incident.look.slowest", incident.look.slowest),
            ("delivery.timeout", delivery.timeout),
            ("delivery.retry_max", delivery.retry_max),
            ("delivery.parked_retry", delivery.parked_retry),
        ];
        for (path, duration) in must_pass {
            if duration == Duration::ZERO {
                self.fault(path, "is zero", "write a time that passes, as in `15s`");
            }
        }
        if incident.recovery_window > incident.max_recovery_window {
            let what = "is longer than incident.max_recovery_window";
            self.fault("incident.recovery_window", what, "make it shorter, or the other longer");
        }
        if incident.look.first > incident.look.slowest {
            let what = "is longer than incident.look.slowest";
            self.fault("incident.look.first", what, "make it shorter, or the other longer");
        }
        let counts = [
            ("incident.restarts_to_speak.count", u64::from(incident.restarts_to_speak.count)),
            ("incident.waiting_polls", u64::from(incident.waiting_polls)),
            ("store.max_mib", settings.store.max_mib),
        ];
        for (path, count) in counts {
            if count == 0 {
                self.fault(path, "is zero", "write 1 or more");
            }
        }
    }

    fn receiver(&mut self, path: &str, receiver: &ReceiverSettings) {
        if receiver.name.trim().is_empty() {
            self.fault(&format!("{path}.name"), "is empty", "give it the name that routes use");
        }
        match receiver.kinds().as_slice() {
            [] => self.fault(
                path,
                "has no kind",
                "add `slack:`, `slack_webhook:`, `pagerduty:`, `teams:`, `webhook:` or `log:`",
            ),
            [_] => {}
            _ => self.fault(path, "has several kinds", "make it several receivers, one each"),
        }
        let public = receiver.audience == Audience::Stakeholders;
        if public && (receiver.pagerduty.is_some() || receiver.teams.is_some()) {
            self.fault(
                &format!("{path}.audience"),
                "this kind has no words for stakeholders",
                "use slack, slack_webhook, webhook or log for them",
            );
        }
        if public && receiver.watch {
            self.fault(
                &format!("{path}.watch"),
                "stakeholders have no use for what Firsthand says of itself",
                "set it on a receiver for who is on call",
            );
        }
        if let Some(slack) = &receiver.slack {
            let path = format!("{path}.slack");
            self.url(&format!("{path}.api_url"), &slack.api_url);
            self.channel(&format!("{path}.channel"), &slack.channel);
            let given = (slack.token_file.as_deref(), slack.token_env.as_deref());
            self.secret_of(&path, "token", given, |token| {
                let what = secret::looks_like_bot_token(token)?;
                Some((what, "put the bot token there, it begins with `xoxb-`"))
            });
        }
        if let Some(webhook) = &receiver.webhook {
            let path = format!("{path}.webhook");
            let given = (webhook.url_file.as_deref(), webhook.url_env.as_deref());
            match &webhook.url {
                Some(url) => {
                    self.url(&format!("{path}.url"), url);
                    if given != (None, None) {
                        let what = "has both url and url_file or url_env";
                        self.fault(&path, what, "keep one of them");
                    }
                }
                None => self.address_of(&path, given),
            }
            let given = (webhook.secret_file.as_deref(), webhook.secret_env.as_deref());
            self.secret_of(&path, "secret", given, |_| None);
        }
        if let Some(webhook) = &receiver.slack_webhook {
            let given = (webhook.url_file.as_deref(), webhook.url_env.as_deref());
            self.address_of(&format!("{path}.slack_webhook"), given);
        }
        if let Some(teams) = &receiver.teams {
            let given = (teams.url_file.as_deref(), teams.url_env.as_deref());
            self.address_of(&format!("{path}.teams"), given);
        }
        if let Some(pagerduty) = &receiver.pagerduty {
            let path = format!("{path}.pagerduty");
            self.url(&format!("{path}.url"), &pagerduty.url);
            let given =
                (pagerduty.routing_key_file.as_deref(), pagerduty.routing_key_env.as_deref());
            self.secret_of(&path, "routing_key", given, |key| {
                let fits = key.len() == 32 && key.bytes().all(|b| b.is_ascii_alphanumeric());
                (!fits).then_some((
                    "does not hold an integration key",
                    "put the 32 characters of an Events API v2 integration there",
                ))
            });
        }
    }

    /// An address that is a secret itself, in a file or a variable.
    fn address_of(&mut self, path: &str, given: (Option<&Path>, Option<&str>)) {
        self.secret_of(path, "url", given, |url| {
            let fits = reqwest::Url::parse(url).is_ok_and(|url| url.scheme().starts_with("http"));
            (!fits).then_some((
                "does not hold an address",
                "put the address there, it begins with https://",
            ))
        });
    }

    fn channel(&mut self, path: &str, channel: &str) {
        let advice = "use the channel's id, as in `C0123456789`; Slack shows it at the bottom of \
                      the channel's details";
        if channel.trim().is_empty() {
            self.fault(path, "is empty", advice);
        } else if !channel.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
            self.warning(path, format!("`{channel}` is a name, and names change"), advice);
        }
    }

    /// A secret that is named by exactly one of `KIND_file` and `KIND_env`.
    fn secret_of(
        &mut self,
        path: &str,
        kind: &str,
        given: (Option<&Path>, Option<&str>),
        suspicious: fn(&str) -> Option<(&'static str, &'static str)>,
    ) {
        let (key, secret) = match given {
            (Some(file), None) => ("file", Secret::File(file)),
            (None, Some(variable)) => ("env", Secret::Variable(variable)),
            (Some(_), Some(_)) => {
                let what = format!("has both {kind}_file and {kind}_env");
                return self.fault(path, what, "keep one of them");
            }
            (None, None) => {
                let what = format!("has neither {kind}_file nor {kind}_env");
                return self.fault(path, what, format!("name the file that holds the {kind}"));
            }
        };
        let path = format!("{path}.{kind}_{key}");
        if let Some(text) = self.secret(&path, &secret)
            && let Some((what, advice)) = suspicious(&text)
        {
            self.warning(&path, what, advice);
        }
    }

    fn secret(&mut self, path: &str, secret: &Secret<'_>) -> Option<String> {
        match secret::read(secret, &self.layers.environment) {
            Ok(text) => Some(text),
            Err((what, advice)) => {
                self.fault(path, what, advice);
                None
            }
        }
    }

    fn names(&mut self, receivers: &[ReceiverSettings]) {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, receiver) in receivers.iter().enumerate() {
            if let Some(first) = first.get(receiver.name.as_str()) {
                let path = format!("receivers[{index}].name");
                let what = format!("`{}` is also the name of receivers[{first}]", receiver.name);
                self.fault(&path, what, "give each receiver its own name");
            } else {
                first.insert(&receiver.name, index);
            }
        }
    }

    fn routes(&mut self, settings: &Settings) {
        let known = self.layers.receivers();
        if known.is_empty() {
            return self.fault("receivers", "is empty, so nobody would hear", "add a receiver");
        }
        let root = &settings.route;
        if root.receiver.is_none() {
            let what = "is missing, and there are several receivers";
            let advice = "name the one that hears what no route takes";
            return self.fault("route.receiver", what, advice);
        }
        if root.matchers != Default::default() || root.continues {
            let key = if root.continues { "route.continue" } else { "route.matchers" };
            let advice = "move it to an entry of route.routes";
            self.fault(key, "the root takes everything and has no siblings", advice);
        }
        self.route("route", root, &known);
        self.hours("route", root, settings);
        if root.named().any(|named| !known.iter().any(|it| it == named)) {
            // A misspelt name explains why a receiver is not named.
            return;
        }
        for (index, receiver) in settings.receivers.iter().enumerate() {
            if !root.named().any(|named| named == receiver.name) {
                let what = format!("no route names `{}`, so it hears nothing", receiver.name);
                self.warning(&format!("receivers[{index}]"), what, "add a route, or remove it");
            }
        }
    }

    fn route(&mut self, path: &str, route: &Route, known: &[String]) {
        if let Some(name) = route.receiver.as_ref().filter(|name| !known.contains(name)) {
            let advice = match nearest(name, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            self.fault(&format!("{path}.receiver"), format!("no receiver `{name}`"), advice);
        }
        for (index, child) in route.routes.iter().enumerate() {
            self.route(&format!("{path}.routes[{index}]"), child, known);
        }
    }

    /// Names of time intervals; the root has none, as in Alertmanager.
    fn hours(&mut self, path: &str, route: &Route, settings: &Settings) {
        let known: Vec<&str> =
            settings.time_intervals.0.iter().map(|named| named.name.as_str()).collect();
        let lists = [
            ("active_time_intervals", &route.active_time_intervals),
            ("mute_time_intervals", &route.mute_time_intervals),
        ];
        for (key, names) in lists {
            if path == "route" && !names.is_empty() {
                let advice = "move it to an entry of route.routes";
                self.fault(&format!("route.{key}"), "the root is always active", advice);
                continue;
            }
            for (index, name) in
                names.iter().enumerate().filter(|(_, it)| !known.contains(&it.as_str()))
            {
                let advice = match nearest(name, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "add it to time_intervals".to_owned(),
                };
                let what = format!("no time interval `{name}`");
                self.fault(&format!("{path}.{key}[{index}]"), what, advice);
            }
        }
        for (index, child) in route.routes.iter().enumerate() {
            self.hours(&format!("{path}.routes[{index}]"), child, settings);
        }
    }

    fn causes(&mut self, causes: &[String]) {
        let known: Vec<&str> = crate::diagnosis::causes::ALL.iter().map(|cause| cause.id).collect();
        for (index, id) in causes.iter().enumerate() {
            if known.contains(&id.as_str()) || !self.layers.holds("incident.tell_at_once") {
                continue;
            }
            let advice = match nearest(id, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`firsthand explain` lists them".to_owned(),
            };
            self.fault(
                &format!("incident.tell_at_once[{index}]"),
                format!("no cause `{id}`"),
                advice,
            );
        }
    }
}
