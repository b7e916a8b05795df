//! Whether a secret is where the settings say it is. Its text is looked at and dropped.

use std::io::ErrorKind;
use std::path::Path;

use super::Environment;

/// Where a secret is.
pub(super) enum Secret<'a> {
    /// In a file.
    File(&'a Path),
    /// In an environment variable.
    Variable(&'a str),
}

/// The secret's text, trimmed.
///
/// # Errors
/// What is wrong and what to do; never what is in it.
pub(super) fn read(
    secret: &Secret<'_>,
    environment: &Environment,
) -> Result<String, (String, String)> {
    let (text, place) = match secret {
        Secret::File(file) => {
            let place = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| {
                let what = match error.kind() {
                    ErrorKind::NotFound => format!("{place} does not exist"),
                    kind => format!("{place} cannot be read: {kind}"),
                };
                (what, "create the file, or name the right one".to_owned())
            })?;
            (text, place)
        }
        Secret::Variable(name) if !is_a_name(name) => {
            // Perhaps the secret itself, so it is not repeated.
            let what = "holds something that is not the name of a variable".to_owned();
            return Err((what, "name a variable, as in `SLACK_TOKEN`".to_owned()));
        }
        Secret::Variable(name) => {
            let place = format!("variable {name}");
            let text = environment.get(*name).ok_or_else(|| {
                let what = format!("{place} is not set");
                (what, "set it, or name the right one".to_owned())
            })?;
            (text.clone(), place)
        }
    };
    match text.trim() {
        "" => Err((format!("{place} is empty"), "put the secret there".to_owned())),
        text => Ok(text.to_owned()),
    }
}

fn is_a_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What kind of Slack credential this is, when it is not the one that is needed.
pub(super) fn looks_like_bot_token(text: &str) -> Option<&'static str> {
    match text {
        _ if text.starts_with("xoxb-") => None,
        _ if text.starts_with("xoxp-") => Some("holds a user token"),
        _ if text.starts_with("xapp-") => Some("holds an app-level token"),
        _ if text.starts_with("https://") => {
            Some("holds an address, perhaps an incoming webhook's")
        }
        _ => Some("does not hold a bot token"),
    }
}
