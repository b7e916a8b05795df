//! Slack refuses a message whose blocks are too long together, at a length it does not document
//! (about 13,200 characters). We stay under 10,000, counting the JSON as it is sent.

use serde_json::{Value, json};

use super::{super::plain, blocks};

/// The budget for one message, in UTF-16 units of its serialised blocks.
pub(super) const BUDGET: usize = 10_000;

/// Blocks in their order, each with how easily it is given up.
pub(super) struct Blocks {
    id: String,
    /// How many blocks were pushed so far, those that were given up included: an id is used once.
    pushed: usize,
    blocks: Vec<(u8, Value)>,
}

impl Blocks {
    /// `id` makes the block ids of this edit new, as Slack wants them on an update.
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), pushed: 0, blocks: Vec::new() }
    }

    /// A block that is never given up; it must be small.
    pub(super) fn must(&mut self, block: Value) {
        self.push(0, block);
    }

    /// A block; where not all fit, those with the highest `ease` go first.
    pub(super) fn push(&mut self, ease: u8, mut block: Value) {
        if let Some(fields) = block.as_object_mut() {
            fields.insert("block_id".into(), json!(format!("{}-{}", self.id, self.pushed)));
            self.pushed += 1;
            self.blocks.push((ease, block));
        }
    }

    /// What is left of the budget.
    pub(super) fn room(&self) -> usize {
        BUDGET.saturating_sub(self.blocks.iter().map(|(_, block)| cost(block)).sum())
    }

    /// The blocks, within the budget; where some were given up, the last one says so.
    pub(super) fn fitted(mut self) -> Vec<Value> {
        let mut given_up = 0;
        // 300: the line that says that something was given up.
        while self.room() < 300 {
            let easiest = self.blocks.iter().enumerate().max_by_key(|(_, (ease, _))| *ease);
            match easiest.filter(|(_, (ease, _))| *ease > 0).map(|(i, _)| i) {
                Some(i) => drop(self.blocks.remove(i)),
                None => break,
            }
            given_up += 1;
        }
        if given_up > 0 {
            let parts = plain::counted(given_up, "part", "parts");
            self.push(
                0,
                blocks::context(&format!(
                    "{parts} of this message left out for length; see the thread"
                )),
            );
        }
        self.blocks.into_iter().map(|(_, block)| block).collect()
    }
}

/// What a block costs.
pub(super) fn cost(block: &Value) -> usize {
    plain::width(&block.to_string()) + 1
}
