-- The portable subset: TEXT, BIGINT, times in BIGINT milliseconds since 1970, booleans as BIGINT 0/1,
-- JSON as TEXT. Every statement of this room is valid for PostgreSQL as well.

-- Row numbers, given out inside the transaction that uses them.
CREATE TABLE counters (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('signals', 0), ('deliveries', 0), ('samples', 0);

-- What was heard. A row outlives its work, without its body, so that a repeat is recognised by its key.
CREATE TABLE signals (
    id       BIGINT NOT NULL PRIMARY KEY,
    key      TEXT NOT NULL UNIQUE,
    heard_ms BIGINT NOT NULL,
    state    TEXT NOT NULL,          -- pending | done | aside
    body     TEXT NOT NULL,          -- Signal; emptied when done
    why      TEXT                    -- aside: what was wrong with it
);
CREATE INDEX signals_pending ON signals (id) WHERE state = 'pending';
CREATE INDEX signals_by_age ON signals (heard_ms);

CREATE TABLE incidents (
    id          TEXT NOT NULL PRIMARY KEY,
    subject_key TEXT NOT NULL,
    state       TEXT NOT NULL,
    opened_ms   BIGINT NOT NULL,
    closed_ms   BIGINT,
    look_ms     BIGINT,
    body        TEXT NOT NULL        -- Incident
);
CREATE UNIQUE INDEX incidents_one_open ON incidents (subject_key) WHERE closed_ms IS NULL;
CREATE INDEX incidents_by_subject ON incidents (subject_key, closed_ms);
CREATE INDEX incidents_to_look_at ON incidents (look_ms) WHERE look_ms IS NOT NULL;

CREATE TABLE timeline (
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    seq         BIGINT NOT NULL,
    at_ms       BIGINT NOT NULL,
    source      TEXT NOT NULL,
    text        TEXT NOT NULL,
    PRIMARY KEY (incident_id, seq)
);

CREATE TABLE evidence (
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    seq         BIGINT NOT NULL,
    taken_ms    BIGINT NOT NULL,
    body        TEXT NOT NULL,       -- Evidence
    PRIMARY KEY (incident_id, seq)
);

-- One row per message owed to one receiver. The main message is one row for good: it coalesces.
CREATE TABLE deliveries (
    id          BIGINT NOT NULL PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    receiver    TEXT NOT NULL,
    kind        TEXT NOT NULL,       -- main | reply
    seq         BIGINT NOT NULL,     -- 0 for main, else the place in the thread from 1
    body        TEXT NOT NULL,       -- Reply; empty for main, which is rendered from the incident
    broadcast   BIGINT NOT NULL,
    wanted_rev  BIGINT NOT NULL,     -- counts what was committed for this message
    sent_rev    BIGINT,              -- which of that the receiver has; NULL: it has none
    state       TEXT NOT NULL,       -- due | sending | unknown | sent | parked | refused
    due_ms      BIGINT NOT NULL,     -- in any state: not before
    attempts    BIGINT NOT NULL,     -- failed ones since the last success
    last_error  TEXT,
    channel     TEXT,
    ts          TEXT,
    posts       BIGINT NOT NULL,     -- how often the message had to be told anew
    UNIQUE (incident_id, receiver, kind, seq)
);
CREATE INDEX deliveries_owed ON deliveries (receiver, due_ms) WHERE state <> 'sent';

CREATE TABLE watermarks (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- The last few bodies that could not be read, for whoever has to find out why.
CREATE TABLE samples (
    id    BIGINT NOT NULL PRIMARY KEY,
    kind  TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    why   TEXT NOT NULL,
    body  TEXT NOT NULL
);
