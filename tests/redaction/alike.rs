//! What looks like a secret or speaks of one: it is what the reader needs.

use crate::clean;

const ALIKE: &str = include_str!("alike.txt");

#[test]
fn at_most_one_in_a_hundred_look_alikes_is_eaten() {
    let lines: Vec<&str> = ALIKE.lines().filter(|line| !line.is_empty()).collect();
    let eaten: Vec<_> = lines
        .iter()
        .filter(|line| clean(line) != **line)
        .map(|line| format!("{line}\n  → {}", clean(line)))
        .collect();
    assert!(
        eaten.len() * 100 <= lines.len(),
        "{} of {}:\n{}",
        eaten.len(),
        lines.len(),
        eaten.join("\n")
    );
}

#[test]
fn look_alikes_stay_in_json_too() {
    let lines: Vec<&str> = ALIKE.lines().filter(|line| !line.is_empty()).collect();
    let json = |line: &str| serde_json::json!({ "level": "error", "msg": line }).to_string();
    let eaten: Vec<_> = lines
        .iter()
        .map(|line| json(line))
        .filter(|line| clean(line) != *line)
        .map(|line| format!("{line}\n  → {}", clean(&line)))
        .collect();
    assert!(
        eaten.len() * 100 <= lines.len(),
        "{} of {}:\n{}",
        eaten.len(),
        lines.len(),
        eaten.join("\n")
    );
}
