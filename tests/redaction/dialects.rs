//! Secrets as the logs, files and command lines of many programs have them, written down before the rules
//! were read. `leaks.txt` marks each secret with «…»; `innocent.txt` has what must come through whole.

use crate::clean;

#[test]
fn no_dialect_leaks() {
    let told: Vec<_> = lines(include_str!("leaks.txt")).filter_map(leak).collect();
    assert!(told.is_empty(), "{} lines leak:\n{}", told.len(), told.join("\n"));
}

#[test]
fn the_innocent_come_through_whole() {
    let of = lines(include_str!("innocent.txt")).count();
    let told: Vec<_> = lines(include_str!("innocent.txt"))
        .map(|line| (line, clean(line)))
        .filter(|(line, clean)| line != clean)
        .map(|(line, clean)| format!("{line}\n  → {clean}"))
        .collect();
    assert!(told.len() * 100 <= of, "{} of {of} eaten:\n{}", told.len(), told.join("\n"));
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// What is told of a line of which a secret, or six letters of it, are left.
fn leak(line: &str) -> Option<String> {
    let text = line.replace(['«', '»'], "").replace('⏎', "\n");
    let clean = clean(&text);
    let secrets = line.split('«').skip(1).map(|rest| rest.split('»').next().unwrap_or(rest));
    let left: Vec<_> = secrets.filter(|secret| is_left(&clean, secret)).collect();
    (!left.is_empty()).then(|| format!("{left:?} of {text}\n  → {clean}"))
}

fn is_left(clean: &str, secret: &str) -> bool {
    let letters: Vec<char> = secret.chars().collect();
    letters
        .windows(letters.len().min(6))
        .any(|part| clean.contains(&part.iter().collect::<String>()))
}
