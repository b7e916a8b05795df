//! The catalogue holds together: names, prose, pages, and a scenario for each cause.

#[path = "wordings/table.rs"]
mod wordings;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firsthand::brief::{explain_index, explain_page};
use firsthand::diagnosis::Cause;
use firsthand::diagnosis::causes::ALL;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names_in(folder: &str, suffix: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(suffix).map(str::to_owned)).collect()
}

#[test]
fn file_of_a_cause_is_its_id() {
    let ids: BTreeSet<String> = ALL.iter().map(|cause| cause.id.replace('-', "_")).collect();
    let mut files = names_in("src/diagnosis/causes", ".rs");
    files.remove("mod");
    assert_eq!(files, ids);
    assert_eq!(ids.len(), ALL.len(), "an id is used twice");
}

#[test]
fn ids_are_kebab_case_and_titles_are_short() {
    for Cause { id, title, .. } in ALL {
        let kebab =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(id.chars().all(kebab) && !id.starts_with('-') && !id.ends_with('-'), "{id}");
        assert!(title.chars().count() <= 60, "{id}: the title is longer than 60 characters");
        assert!(!title.ends_with('.') && !title.is_empty(), "{id}: {title:?}");
    }
}

#[test]
fn prose_is_complete() {
    for cause in ALL {
        let id = cause.id;
        assert!(!cause.why.is_empty() && !cause.looks_for.is_empty(), "{id}");
        assert!(
            !cause.confirm.is_empty() && !cause.links.is_empty() && !cause.reads.is_empty(),
            "{id}"
        );
        for fix in cause.fix {
            let verb = fix.split([' ', ':', ',']).next().unwrap_or_default();
            let capital = verb.chars().next().is_some_and(char::is_uppercase);
            let word = verb.chars().skip(1).all(char::is_lowercase) && verb.len() > 1;
            assert!(capital && word, "{id}: a fix begins with a verb: {fix}");
        }
        for link in cause.links {
            assert!(link.starts_with("https://"), "{id}: {link}");
        }
    }
}

#[test]
fn what_a_cause_clears_exists_and_clears_nothing_back() {
    fn visit(id: &str, above: &mut Vec<String>) {
        assert!(!above.iter().any(|it| it == id), "{id} clears itself: {above:?}");
        let cause = ALL.iter().find(|cause| cause.id == id);
        let cause = cause.unwrap_or_else(|| panic!("{above:?} clears {id}, which does not exist"));
        above.push(id.to_owned());
        for cleared in cause.clears {
            visit(cleared, above);
        }
        above.pop();
    }
    for cause in ALL {
        visit(cause.id, &mut Vec::new());
    }
}

#[test]
fn every_cause_wins_a_scenario() {
    let folders = names_in("tests/scenarios", "");
    let ids: BTreeSet<String> = ALL.iter().map(|cause| cause.id.to_owned()).collect();
    let known = |name: &&String| !ids.contains(*name) && *name != "healthy";
    assert_eq!(
        folders.iter().filter(known).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "folders of no cause"
    );
    let without: Vec<&String> = ids.iter().filter(|id| winning_example(id).is_none()).collect();
    assert_eq!(without, Vec::<&String>::new(), "causes that win no scenario");
}

#[test]
fn pages_are_fresh() {
    let mut pages = vec![("README.md".to_owned(), explain_index(ALL))];
    for cause in ALL {
        let example = winning_example(cause.id);
        pages.push((format!("{}.md", cause.id), explain_page(cause, example.as_deref())));
    }
    let folder = root("docs/causes");
    if std::env::var_os("UPDATE").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            fs::write(folder.join(name), page).unwrap();
        }
    }
    let command = "UPDATE=1 cargo test --test catalogue";
    for (name, page) in &pages {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(found == *page, "docs/causes/{name} is stale; {command} rewrites it");
    }
    assert_eq!(
        names_in("docs/causes", "").len(),
        pages.len(),
        "a page of no cause; {command} removes it"
    );
}

/// What the first scenario that this cause wins makes Firsthand say.
fn winning_example(id: &str) -> Option<String> {
    let folder = root("tests/scenarios").join(id);
    let mut stories: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.flatten().map(|it| it.path()).collect();
    // What a real cluster showed first, then what is typical.
    stories.sort_by_key(|story| {
        let recorded = story.to_string_lossy().contains("/recorded-");
        (!recorded, !story.ends_with("typical"), story.clone())
    });
    stories.iter().find_map(|story| {
        let expected = fs::read_to_string(story.join("expected.md")).ok()?;
        let wins = expected.lines().any(|line| {
            line.strip_prefix("cause: ")
                .is_some_and(|rest| rest.split_whitespace().next() == Some(id))
        });
        let (_, example) = expected.split_once("\n---\n")?;
        wins.then(|| example.trim_end().to_owned())
    })
}
