//! A secret by the name of its file or variable, read when it is needed and never kept.

use std::path::Path;

use secrecy::SecretString;

/// Reads a secret. A mounted Secret that was rotated is read anew by the next attempt.
///
/// # Errors
/// Says which file or variable, never what is in it.
pub fn read(file: Option<&Path>, variable: Option<&str>) -> Result<SecretString, String> {
    let (text, place) = match (file, variable) {
        (Some(file), None) => {
            let place = format!("file {}", file.display());
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {place}: {}", error.kind()))?;
            (text, place)
        }
        (None, Some(variable)) => {
            let place = format!("environment variable {variable}");
            let text = std::env::var(variable).map_err(|_| format!("{place} is not set"))?;
            (text, place)
        }
        _ => return Err("name either a file or an environment variable".to_owned()),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{place} is empty"));
    }
    Ok(SecretString::from(text))
}
