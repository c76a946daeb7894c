-- What an index, a WHERE or a sum needs has a column of its own; the rest of a row is JSON, and where both are there the JSON is what is
-- read. Times are nanoseconds since 1970, UTC; days are YYYY-MM-DD; money is in billionths of a dollar; Discord's ids are 64 bits, signed.
-- No foreign keys: adapters supply rows, not rules.

CREATE TABLE intake (
    source    TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    task      TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
    seq             INTEGER PRIMARY KEY, -- the order of acceptance
    id              TEXT NOT NULL UNIQUE,
    lane            TEXT NOT NULL,
    open            INTEGER NOT NULL,
    message_channel INTEGER,
    message         INTEGER UNIQUE,
    entry_channel   INTEGER,
    entry           INTEGER,
    ended_at        INTEGER,
    outcome         TEXT,
    task            TEXT NOT NULL
) STRICT;
CREATE INDEX task_by_open ON task (open, seq);
CREATE INDEX task_by_lane ON task (lane, seq);
CREATE INDEX task_by_lane_and_open ON task (lane, open, seq);

CREATE TABLE step (
    id               INTEGER PRIMARY KEY,
    task             TEXT NOT NULL,
    lane             TEXT NOT NULL,
    state            TEXT NOT NULL,
    state_json       TEXT NOT NULL,
    gate             TEXT,    -- where it is parked
    due_at           INTEGER, -- until when it is delayed
    priority         INTEGER NOT NULL,
    gates            TEXT NOT NULL,
    attempts         INTEGER NOT NULL,
    attempts_allowed INTEGER NOT NULL,
    failed_launches  INTEGER NOT NULL,
    fence            INTEGER NOT NULL,
    version          INTEGER NOT NULL
) STRICT;
CREATE INDEX step_of_task ON step (task, id);
CREATE INDEX step_ready ON step (lane, priority DESC, id) WHERE state = 'ready';
CREATE INDEX step_parked ON step (gate, priority DESC, id) WHERE state = 'parked';
CREATE INDEX step_delayed ON step (due_at, id) WHERE state = 'delayed';
CREATE INDEX step_waiting ON step (priority DESC, id) WHERE state IN ('ready', 'parked', 'delayed');

CREATE TABLE lane (
    id      TEXT PRIMARY KEY,
    weight  INTEGER NOT NULL,
    pass    INTEGER NOT NULL,
    running INTEGER NOT NULL,
    cap     INTEGER NOT NULL,
    ready   INTEGER NOT NULL,
    head    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lane_next ON lane (head DESC, pass, id) WHERE ready > 0 AND running < cap;

CREATE TABLE gate (
    name   TEXT PRIMARY KEY,
    held   INTEGER NOT NULL,
    cap    INTEGER,
    paused INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    seq               INTEGER PRIMARY KEY, -- the order of insertion
    id                TEXT NOT NULL UNIQUE,
    step              INTEGER NOT NULL,
    task              TEXT NOT NULL,
    number            INTEGER NOT NULL,
    fence             INTEGER NOT NULL,
    instance          TEXT NOT NULL,
    lease_until       INTEGER NOT NULL,
    state             TEXT NOT NULL,
    state_json        TEXT NOT NULL,
    live              INTEGER NOT NULL,
    succeeded         INTEGER, -- once it has ended
    agent_id          TEXT NOT NULL,
    agent             TEXT NOT NULL,
    slot              INTEGER NOT NULL,
    stop              TEXT,
    report            TEXT,
    claimed_at        INTEGER NOT NULL,
    ended_at          INTEGER,
    workspace_removed INTEGER NOT NULL,
    result            INTEGER, -- the first result letter of its task that was inserted after it
    result_over       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX attempt_live_of_step ON attempt (step) WHERE live = 1;
CREATE INDEX attempt_live_of_instance ON attempt (instance, seq) WHERE live = 1;
CREATE INDEX attempt_of_task ON attempt (task, seq);
CREATE INDEX attempt_of_result ON attempt (result) WHERE result IS NOT NULL;
CREATE INDEX attempt_removable ON attempt (succeeded, ended_at, seq)
    WHERE state = 'ended' AND workspace_removed = 0 AND result_over = 1;

CREATE TABLE ledger (
    seq     INTEGER PRIMARY KEY, -- the order of insertion
    attempt TEXT NOT NULL UNIQUE,
    task    TEXT NOT NULL,
    lane    TEXT NOT NULL,
    agent   TEXT NOT NULL,
    model   TEXT,
    day     TEXT NOT NULL,
    cost    INTEGER,
    usage   TEXT
) STRICT;
CREATE INDEX ledger_by_day ON ledger (day, seq);

-- The ledger's known costs, added up by day: a ceiling is asked about at every claim.
CREATE TABLE spent (
    day   TEXT PRIMARY KEY,
    nanos INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE letter (
    id         INTEGER PRIMARY KEY,
    channel    INTEGER NOT NULL,
    identity   TEXT NOT NULL,
    class      INTEGER NOT NULL, -- 0 answers, 1 results, 2 notices
    is_result  INTEGER NOT NULL,
    letter     TEXT NOT NULL,
    task       TEXT,
    state      TEXT NOT NULL,
    state_json TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_waiting ON letter (channel, identity, class, id) WHERE state = 'waiting';
CREATE INDEX letter_of_task ON letter (task, id) WHERE task IS NOT NULL;

CREATE TABLE parcel (
    seq      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    channel  INTEGER NOT NULL,
    identity TEXT NOT NULL,
    class    INTEGER NOT NULL,
    letters  TEXT NOT NULL,
    post     TEXT NOT NULL,
    progress TEXT NOT NULL,
    over     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX parcel_under_way ON parcel (channel, identity) WHERE over = 0;

CREATE TABLE mark (
    id         INTEGER PRIMARY KEY,
    channel    INTEGER NOT NULL,
    message    INTEGER NOT NULL,
    emoji      TEXT NOT NULL,
    task       TEXT,
    purpose    INTEGER NOT NULL, -- 0 claims, 1 refusals, 2 ends
    state      TEXT NOT NULL,
    state_json TEXT NOT NULL,
    progress   TEXT NOT NULL,
    UNIQUE (message, emoji)
) STRICT;
CREATE INDEX mark_wanted ON mark (purpose, id) WHERE state IN ('wanted', 'lifting');

CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    task    TEXT,
    attempt TEXT,
    what    TEXT NOT NULL
) STRICT;
CREATE INDEX journal_of_task ON journal (task, seq) WHERE task IS NOT NULL;

-- How many rows are in which state, kept by the triggers below so that nobody counts history: `step/<state>`, `letter/<state>`,
-- `task/ended`, `open/<lane>`.
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER step_added AFTER INSERT ON step BEGIN
    INSERT INTO tally VALUES ('step/' || new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER step_moved AFTER UPDATE OF state ON step WHEN old.state <> new.state BEGIN
    UPDATE tally SET n = n - 1 WHERE name = 'step/' || old.state;
    INSERT INTO tally VALUES ('step/' || new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER letter_added AFTER INSERT ON letter BEGIN
    INSERT INTO tally VALUES ('letter/' || new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER letter_moved AFTER UPDATE OF state ON letter WHEN old.state <> new.state BEGIN
    UPDATE tally SET n = n - 1 WHERE name = 'letter/' || old.state;
    INSERT INTO tally VALUES ('letter/' || new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER task_added AFTER INSERT ON task BEGIN
    INSERT INTO tally VALUES ('open/' || new.lane, new.open) ON CONFLICT DO UPDATE SET n = n + new.open;
    INSERT INTO tally VALUES ('task/ended', 1 - new.open) ON CONFLICT DO UPDATE SET n = n + 1 - new.open;
END;
CREATE TRIGGER task_moved AFTER UPDATE OF open, lane ON task WHEN old.open <> new.open OR old.lane <> new.lane BEGIN
    UPDATE tally SET n = n - old.open WHERE name = 'open/' || old.lane;
    INSERT INTO tally VALUES ('open/' || new.lane, new.open) ON CONFLICT DO UPDATE SET n = n + new.open;
    UPDATE tally SET n = n + old.open - new.open WHERE name = 'task/ended';
END;
