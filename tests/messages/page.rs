//! The page of the demo with every kind of message on it. `UPDATE=1` writes it where it can be looked at.

use firsthand::brief::slack::{self, Message};
use firsthand::standin::page;
use firsthand::standin::slack::Posted;

use crate::incidents::{self, at, context};

fn posted(message: Message, clock: &str, thread: Option<&str>, broadcast: bool) -> Posted {
    Posted {
        channel: "alerts-oncall".into(),
        ts: format!("{}.000100", at(clock).as_second()),
        thread_ts: thread.map(|clock| format!("{}.000100", at(clock).as_second())),
        broadcast,
        text: message.text,
        blocks: message.blocks,
        ..Posted::default()
    }
}

fn channel() -> Vec<Posted> {
    let certificate = slack::main(&incidents::without_object(), &context("02:14"));
    let likely = slack::main(&incidents::likely_oom(), &context("02:14"));
    let mut main = posted(
        slack::main(&incidents::crash_looping(), &context("02:14")),
        "02:14:20",
        None,
        false,
    );
    main.edited_ts = Some(format!("{}.0", at("02:19").as_second()));
    let mut all = vec![
        posted(certificate, "02:14", None, false),
        posted(likely, "02:14:10", None, false),
        main,
    ];
    for ((name, reply), clock) in incidents::replies()
        .into_iter()
        .zip(["02:14:21", "02:16", "02:19", "02:24", "02:42", "02:58"])
    {
        let said = slack::reply(&reply, &incidents::crash_looping(), &context(clock));
        all.push(posted(said, clock, Some("02:14:20"), matches!(name, "resolved" | "relapse")));
    }
    all
}

#[test]
fn the_page_shows_every_message_in_its_place() {
    let html = page::page(&channel(), 1).into_string();
    assert!(html.contains("panic: runtime error"), "code blocks");
    assert!(
        html.contains("also sent to the channel") && html.contains("replied to a thread"),
        "broadcasts"
    );
    assert!(html.contains("(edited)") && html.contains("6 replies"), "edits and threads");
    assert!(!html.contains("a block of type"), "every block is known");
    super::fresh("tests/messages/page.html", &html);
}

#[test]
fn hostile_text_stays_text_on_the_page() {
    let message = slack::main(&incidents::overflowing(), &context("02:14"));
    let html = page::page(&[posted(message, "02:14", None, false)], 1).into_string();
    assert!(!html.contains("<script>alert") && !html.contains("<mark>"), "{html}");
}

#[test]
fn resolved_messages_can_be_looked_at() {
    let resolved = [
        incidents::resolved(),
        incidents::monitoring(),
        incidents::missing_secret(),
        incidents::not_enough_evidence(),
    ];
    let all: Vec<_> = resolved
        .iter()
        .map(|incident| posted(slack::main(incident, &context("02:42")), "02:14", None, false))
        .collect();
    super::fresh("tests/messages/page-states.html", &page::page(&all, 1).into_string());
}
