//! When the next message may go: the pace of a channel, and the pauses after trouble.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

/// The first pause after trouble.
const FIRST: Duration = Duration::from_millis(500);

/// One channel's pace, shared by everyone who sends there.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pause: Duration,
    free_at: Arc<Mutex<Instant>>,
}

impl Lane {
    /// One lane per name; no name is a lane of one's own without a pace.
    pub(super) fn named(
        lanes: &mut HashMap<String, Self>,
        name: Option<String>,
        pause: Duration,
    ) -> Self {
        let new = |pause| Self { pause, free_at: Arc::new(Mutex::new(Instant::now())) };
        match name {
            Some(name) => lanes.entry(name).or_insert_with(|| new(pause)).clone(),
            None => new(Duration::ZERO),
        }
    }

    /// When somebody may send.
    pub(super) fn free_at(&self) -> Instant {
        *self.free_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn and takes it.
    pub(super) async fn turn(&self) {
        let turn = {
            let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*free_at).max(Instant::now());
            *free_at = turn + self.pause;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

/// The pauses of one receiver: growing while it is away, with jitter so that many daemons do not
/// come back at once, without end, and over with the first success.
#[derive(Debug)]
pub(super) struct Patience {
    shape: ExponentialBuilder,
    pauses: Option<ExponentialBackoff>,
    most: Duration,
    until: Instant,
}

impl Patience {
    pub(super) fn new(most: Duration) -> Self {
        let shape = ExponentialBuilder::default()
            .with_min_delay(FIRST.min(most))
            .with_max_delay(most)
            .without_max_times()
            .with_jitter();
        Self { shape, pauses: None, most, until: Instant::now() }
    }

    /// Nothing is sent before.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// All is well again.
    pub(super) fn over(&mut self) {
        self.pauses = None;
    }

    /// Waits exactly this long: the receiver said so.
    pub(super) fn exactly(&mut self, pause: Duration) -> Duration {
        self.until = Instant::now() + pause;
        pause
    }

    /// Waits a little longer than the last time.
    pub(super) fn longer(&mut self) -> Duration {
        let pauses = self.pauses.get_or_insert_with(|| self.shape.build());
        let pause = pauses.next().unwrap_or(self.most).min(self.most);
        self.exactly(pause)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Lane, Patience};

    #[tokio::test(start_paused = true)]
    async fn a_channel_hears_one_message_a_second_however_many_send() {
        let mut lanes = HashMap::new();
        let second = Duration::from_secs(1);
        let [a, b] = [(); 2].map(|()| Lane::named(&mut lanes, Some("C1".into()), second));
        let started = Instant::now();
        for lane in [&a, &b, &a, &b] {
            lane.turn().await;
        }
        assert_eq!(started.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_their_limit_and_never_end() {
        let mut patience = Patience::new(Duration::from_secs(60));
        let pauses: Vec<_> = (0..200).map(|_| patience.longer()).collect();
        assert!(pauses[0] <= Duration::from_secs(1), "{:?}", pauses[0]);
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(60)));
        assert!(pauses[10..].iter().all(|pause| *pause >= Duration::from_secs(30)));
        patience.over();
        assert!(patience.longer() <= Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_asked_for_is_kept_to_the_second() {
        let mut patience = Patience::new(Duration::from_secs(60));
        patience.exactly(Duration::from_secs(171));
        assert_eq!(patience.until() - Instant::now(), Duration::from_secs(171));
    }
}
