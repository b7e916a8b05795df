//! The closed lists labels are taken from. *A word here is never renamed*: dashboards hold it.

/// Where a signal came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The webhook.
    Alertmanager,
    /// The poll.
    Prometheus,
}

/// What the daemon depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Prometheus' API.
    Prometheus,
    /// The Kubernetes API.
    Kubernetes,
    /// The store on disk.
    Ledger,
    /// Alertmanager's API.
    Alertmanager,
}

/// What became of a request to `/alertmanager`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// Committed; answered 200.
    Accepted,
    /// Can never be read; answered 400.
    Unreadable,
    /// Missing or wrong credentials; answered 401.
    Unauthorized,
    /// Over the size limit; answered 413.
    TooLarge,
    /// Could not be committed; answered 503, so it comes again.
    NotStored,
    /// Too many at once or too slow; answered 503, so it comes again.
    Overloaded,
}

/// What became of one look at a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookOutcome {
    /// Everything asked for was read.
    Complete,
    /// Some sources could not be read; the diagnosis says which.
    Partial,
    /// Nothing could be read.
    Blind,
}

impl Source {
    pub(super) const ALL: [Self; 2] = [Self::Alertmanager, Self::Prometheus];

    /// The word used in labels.
    pub fn id(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Prometheus => "prometheus",
        }
    }
}

impl Target {
    pub(super) const ALL: [Self; 4] =
        [Self::Prometheus, Self::Kubernetes, Self::Ledger, Self::Alertmanager];

    /// The word used in labels.
    pub fn id(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Kubernetes => "kubernetes",
            Self::Ledger => "ledger",
            Self::Alertmanager => "alertmanager",
        }
    }
}

impl WebhookOutcome {
    pub(super) const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Unreadable,
        Self::Unauthorized,
        Self::TooLarge,
        Self::NotStored,
        Self::Overloaded,
    ];

    /// The word used in labels.
    pub fn id(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unreadable => "unreadable",
            Self::Unauthorized => "unauthorized",
            Self::TooLarge => "too_large",
            Self::NotStored => "not_stored",
            Self::Overloaded => "overloaded",
        }
    }
}

impl LookOutcome {
    pub(super) const ALL: [Self; 3] = [Self::Complete, Self::Partial, Self::Blind];

    /// The word used in labels.
    pub fn id(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Blind => "blind",
        }
    }
}
