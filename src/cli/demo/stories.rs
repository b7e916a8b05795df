//! The incidents that the demo can play: what the cluster looks like before, who does what when.

use jiff::{SignedDuration, Timestamp};

use crate::standin::world::{Behaviour, Pace, Template, World};

/// One incident to play.
pub(super) struct Story {
    /// What to type.
    pub(super) name: &'static str,
    /// What happens, in a line.
    pub(super) about: &'static str,
    /// What somebody does, in order.
    pub(super) steps: &'static [Step],
}

/// Something that somebody does to the cluster.
pub(super) struct Step {
    /// Seconds after the start of the story.
    pub(super) at: i64,
    /// What it is, as told to the audience.
    pub(super) told: &'static str,
    /// The deed.
    pub(super) deed: fn(&mut World),
}

/// All stories; the first is played when none is named.
pub(super) const STORIES: &[Story] = &[
    Story {
        name: "crashing-release",
        about: "a release of checkout panics on its first order, and somebody rolls it back",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.4.2 is rolled out (revision 42)",
                deed: |world| world.roll_out("checkout", checkout("1.4.2", crash())),
            },
            Step {
                at: 36,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
    Story {
        name: "storm",
        about: "a library that all of them share breaks nine services at once, and all are rolled back",
        steps: &[
            Step {
                at: 3,
                told: "nine services are released with a new version of a shared library",
                deed: |world| {
                    for name in SHARED {
                        world.roll_out(name, image(name, "3.3.0", crash()));
                    }
                },
            },
            Step {
                at: 50,
                told: "all nine are rolled back",
                deed: |world| SHARED.iter().for_each(|name| world.roll_back(name)),
            },
        ],
    },
    Story {
        name: "bad-probe",
        about: "a release of checkout runs well, but its readiness probe asks for a path that is not there",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.6.0 is rolled out; its readiness probe asks for /healthz",
                deed: |world| world.roll_out("checkout", checkout("1.6.0", Behaviour::NeverReady)),
            },
            Step {
                at: 60,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
    Story {
        name: "oom-without-limit",
        about: "a release of checkout is killed for memory, and no memory limit is set on it",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.5.1 is rolled out, without a memory limit",
                deed: |world| {
                    let template =
                        Template { limited: false, ..checkout("1.5.1", out_of_memory()) };
                    world.roll_out("checkout", template);
                },
            },
            Step {
                at: 36,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
    Story {
        name: "noisy-alert",
        about: "a rule fires about three workloads that are well; the third time it gets a note",
        steps: &[
            Step { at: 3, told: "load on web", deed: |world| world.load("web", true) },
            Step { at: 10, told: "load on cart", deed: |world| world.load("cart", true) },
            Step {
                at: 12,
                told: "the load on web is gone",
                deed: |world| world.load("web", false),
            },
            Step { at: 17, told: "load on search", deed: |world| world.load("search", true) },
            Step {
                at: 26,
                told: "the load on cart and search is gone",
                deed: |world| {
                    world.load("cart", false);
                    world.load("search", false);
                },
            },
        ],
    },
    Story {
        name: "wrong-moves",
        about: "somebody deletes the crashing pods before rolling back; the thread says what that changes",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.4.2 is rolled out (revision 42)",
                deed: |world| world.roll_out("checkout", checkout("1.4.2", crash())),
            },
            Step {
                at: 34,
                told: "somebody deletes the pods: kubectl -n shop delete pods -l app=checkout",
                deed: |world| world.delete_pods("checkout"),
            },
            Step {
                at: 58,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
    Story {
        name: "missing-secret",
        about: "payments asks for a Secret that nobody created; then somebody does",
        steps: &[
            Step {
                at: 3,
                told: "payments 2.0.0 is rolled out; it reads its password from Secret payments-db",
                deed: |world| {
                    world.roll_out("payments", payments("2.0.0", needs_secret()));
                },
            },
            Step {
                at: 34,
                told: "somebody creates it: kubectl -n shop create secret generic payments-db …",
                deed: |world| world.create_secret("payments-db"),
            },
        ],
    },
    Story {
        name: "bad-tag",
        about: "a release names an image tag that does not exist; the old pods go on serving",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.4.x is rolled out; nobody ever pushed that tag",
                deed: |world| {
                    world.roll_out("checkout", checkout("1.4.x", Behaviour::ImageNotFound));
                },
            },
            Step {
                at: 34,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
    Story {
        name: "out-of-memory",
        about: "a release of checkout needs more memory than its limit, and is killed for it",
        steps: &[
            Step {
                at: 3,
                told: "checkout 1.5.0 is rolled out; it reads the whole catalogue into memory",
                deed: |world| world.roll_out("checkout", checkout("1.5.0", out_of_memory())),
            },
            Step {
                at: 36,
                told: "somebody rolls back: kubectl -n shop rollout undo deployment/checkout",
                deed: |world| world.roll_back("checkout"),
            },
        ],
    },
];

/// The services that share a library.
const SHARED: [&str; 9] =
    ["web", "cart", "search", "catalogue", "accounts", "orders", "shipping", "prices", "reviews"];

/// The shop before anything happens: twelve workloads, all well for days.
pub(super) fn shop(now: Timestamp) -> World {
    let pace = Pace {
        start: SignedDuration::from_millis(1500),
        back_off: SignedDuration::from_secs(4),
        longest_back_off: SignedDuration::from_secs(8),
    };
    let mut world = World::new("shop", now, pace);
    let since = now - SignedDuration::from_hours(75);
    world.running("checkout", 2, 41, checkout("1.4.1", Behaviour::Healthy), since);
    world.running("payments", 1, 7, payments("1.9.3", Behaviour::Healthy), since);
    let others = [
        "web",
        "cart",
        "search",
        "catalogue",
        "accounts",
        "orders",
        "shipping",
        "mailer",
        "prices",
        "reviews",
    ];
    for name in others {
        let template = image(name, "3.2.0", Behaviour::Healthy);
        world.running(name, 1, 5, template, since);
    }
    world
}

fn checkout(tag: &str, behaviour: Behaviour) -> Template {
    let mut template = image("checkout", tag, behaviour);
    template.env.push(("ORDERS_URL".into(), "http://orders".into()));
    template
}

fn payments(tag: &str, behaviour: Behaviour) -> Template {
    image("payments", tag, behaviour)
}

fn image(name: &str, tag: &str, behaviour: Behaviour) -> Template {
    Template {
        image: format!("registry.example/shop/{name}:{tag}"),
        env: vec![("LOG_LEVEL".into(), "info".into())],
        behaviour,
        limited: true,
    }
}

fn needs_secret() -> Behaviour {
    Behaviour::NeedsSecret("payments-db".into())
}

/// What a Go service writes that dereferences nil while it serves a request.
fn crash() -> Behaviour {
    Behaviour::Crashes {
        after: SignedDuration::from_secs(5),
        exit_code: 2,
        oom: false,
        log: include_str!("crash.log").to_owned(),
    }
}

fn out_of_memory() -> Behaviour {
    Behaviour::Crashes {
        after: SignedDuration::from_secs(5),
        exit_code: 137,
        oom: true,
        log: "level=info msg=\"starting\" version=1.5.0\nlevel=info msg=\"loading catalogue\" \
              items=1840212\n"
            .to_owned(),
    }
}
