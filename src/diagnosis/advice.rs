//! What to do, what not to do, and what is not known. Commands are whole and copyable; none is run.

use super::phrase::fill_whole;
use super::{Case, Cause, Certainty, Change, Choice, Hypothesis, Rollout, migration};
use super::{mistakes, steward};

/// How many choices one screen holds.
pub(super) const CHOICES: usize = 3;

/// The fact by which a cause says that the last good revision would fail the same way: its number. A
/// roll-back is then advised against instead of offered.
const SAME_BEFORE: &str = "previous";

/// The fact by which a cause says that the newest revision asks for something new that is missing: a
/// roll-back helps for the moment and hides it from the next release, so the repair goes first.
const NEWLY_ASKED: &str = "newly_asked";

/// Two or three things to do, the best first.
pub(super) fn next(case: &Case<'_>, cause: Option<&Cause>, best: &Hypothesis) -> Vec<Choice> {
    let proved = best.certainty == Certainty::Certain;
    let migrates = migration::broken_off(case, best);
    let may_go_back = rolling_back_may_help(best) && migrates.is_none();
    let rollout = case.rollout().filter(|_| may_go_back);
    let back = rollout.and_then(|rollout| roll_back(case, rollout));
    let image = rollout.and_then(|rollout| set_image(case, rollout));
    let mut fixes = fixes(cause, best);
    fixes.splice(0..0, migrates.map(repair_the_schema));
    fixes.splice(0..0, edited_alone(case).map(|edited| look_at_the_edit(case, edited)));
    let mut looks = best.settle.iter().map(|command| look(command, proved));
    let mut choices: Vec<Choice> = Vec::new();
    if proved && best.facts.contains_key(NEWLY_ASKED) {
        choices.extend(fixes.into_iter().take(1));
        choices.extend(back);
        choices.extend(looks);
    } else if proved {
        choices.extend(back);
        choices.extend(fixes.into_iter().take(if choices.is_empty() { 2 } else { 1 }));
        choices.extend(image);
        choices.extend(looks);
    } else {
        choices.extend(looks.next());
        choices.extend(back);
        choices.extend(fixes.into_iter().take(1));
        choices.extend(image);
        choices.extend(looks);
    }
    let mut choices = steward::heeded(case, choices);
    choices.truncate(CHOICES);
    choices
}

/// Mistakes that are near.
pub(super) fn avoid(case: &Case<'_>, cause: Option<&Cause>, best: &Hypothesis) -> Vec<String> {
    let sentences = cause.map_or(&[][..], |cause| cause.avoid).iter();
    let mut found: Vec<String> =
        sentences.filter_map(|text| fill_whole(text, &best.facts)).collect();
    if let Some(container) = migration::broken_off(case, best) {
        found.insert(0, format!("Rolling back before it is known what the migration in container {container} has already changed: the release before may not fit the database as it is now."));
    }
    if let Some(edited) = edited_alone(case) {
        found.insert(0, format!("Rolling back: the pod template is the same as before; {edited} was edited, and every revision reads it as it is now."));
    }
    for warning in mistakes::near(case, best) {
        found.insert(0, warning);
    }
    let loops = case.containers().any(|it| it.restarts() > 0 && it.log().is_some());
    if loops && !found.iter().any(|text| text.starts_with("Deleting")) {
        found
            .push("Deleting the pods: that resets the back-off and loses the previous log.".into());
    }
    found
}

/// What is not known and would matter.
pub(super) fn unknown(case: &Case<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for container in case.containers().filter(|it| it.last_ended().is_some()) {
        if let Some(why) = container.log_unavailable() {
            let last_words = container.last_ended().and_then(|ended| ended.message()).is_none();
            if last_words && found.is_empty() {
                found.push(format!("what {} said before it ended: {why}", container.name()));
            }
        }
    }
    let revisions = &case.evidence().replica_sets;
    if let Some(why) = revisions.unavailable().filter(|_| case.object().kind == "Deployment") {
        found.push(format!("what was changed: ReplicaSets: {why}"));
    }
    if let Some(why) = case.evidence().endpoint_slices.unavailable() {
        found.push(format!("which Services are hurt: endpoints: {why}"));
    }
    found
}

fn repair_the_schema(container: &str) -> Choice {
    let text = format!(
        "Look in the database at what the migration in container {container} has applied; repair that there, then let it run again."
    );
    Choice { label: "fix".into(), command: None, text }
}

/// The ConfigMap that was edited before the failure, where no pod template changed.
fn edited_alone<'a>(case: &Case<'a>) -> Option<&'a str> {
    let changes = &case.rollout()?.changes;
    let edited = changes.first().filter(|_| changes.iter().all(Change::is_edit))?;
    Some(&edited.what)
}

fn look_at_the_edit(case: &Case<'_>, edited: &str) -> Choice {
    let name = edited.rsplit(' ').next().unwrap_or(edited);
    let command = format!("kubectl -n {} get configmap {name} -o yaml", case.namespace());
    let text = format!("Compare {edited} with what it was, and put back what does not fit.");
    Choice { label: "fix".into(), command: Some(command), text }
}

fn rolling_back_may_help(best: &Hypothesis) -> bool {
    !best.facts.contains_key(SAME_BEFORE)
}

fn roll_back(case: &Case<'_>, rollout: &Rollout) -> Option<Choice> {
    let from = rollout.from_revision.as_deref().filter(|_| rollout.can_roll_back)?;
    let moved = mistakes::moved_tag(rollout).is_some();
    if moved || rollout.changes.iter().all(Change::is_edit) || from.parse::<u64>().is_err() {
        return None;
    }
    let (namespace, object) = (case.namespace(), case.object().kubectl());
    Some(Choice {
        label: "roll back".into(),
        command: Some(format!("kubectl -n {namespace} rollout undo {object} --to-revision={from}")),
        text: format!("Goes back to revision {from}, the last one before the failure."),
    })
}

fn set_image(case: &Case<'_>, rollout: &Rollout) -> Option<Choice> {
    if let Some((container, digest)) = mistakes::moved_tag(rollout) {
        return pin_image(case, container, digest);
    }
    let image: Vec<&Change> = rollout.changes.iter().filter(|it| it.what == "image").collect();
    let [change] = image.as_slice() else { return None };
    let (container, good) = (change.container.as_deref()?, change.from.as_deref()?);
    // Where the image is all that changed, this is the roll-back under another name.
    if rollout.changes.len() == 1 {
        return None;
    }
    let (namespace, object) = (case.namespace(), case.object().kubectl());
    Some(Choice {
        label: "set image".into(),
        command: Some(format!("kubectl -n {namespace} set image {object} {container}={good}")),
        text: "Goes back to the last good image and keeps the other changes.".into(),
    })
}

/// The image that worked, by its digest: its tag means another one by now.
fn pin_image(case: &Case<'_>, container: &str, digest: &str) -> Option<Choice> {
    let spec = case.containers().find(|it| it.name() == container)?;
    let image = spec.spec().image.as_deref()?.split('@').next()?;
    let tagged = image.rsplit_once('/').map_or(image, |(_, name)| name).contains(':');
    let bare = if tagged { image.rsplit_once(':')?.0 } else { image };
    let (namespace, object) = (case.namespace(), case.object().kubectl());
    Some(Choice {
        label: "set image".into(),
        command: Some(format!(
            "kubectl -n {namespace} set image {object} {container}={bare}@{digest}"
        )),
        text:
            "Goes back to the image that worked, by its digest: its tag means another one by now."
                .into(),
    })
}

fn fixes(cause: Option<&Cause>, best: &Hypothesis) -> Vec<Choice> {
    let sentences = cause.map_or(&[][..], |cause| cause.fix).iter();
    let filled = sentences.filter_map(|text| fill_whole(text, &best.facts));
    filled.map(|text| Choice { label: "fix".into(), command: None, text }).collect()
}

fn look(command: &str, proved: bool) -> Choice {
    let text = if proved {
        "To see for yourself; changes nothing."
    } else {
        "Settles it; changes nothing."
    };
    Choice { label: "look".into(), command: Some(command.into()), text: text.into() }
}
