-- One card per task: where it stands, what goes first of several, and when something is to be sent for it.

CREATE TABLE card (
    task    TEXT PRIMARY KEY,
    channel INTEGER NOT NULL,
    message INTEGER,
    rank    INTEGER NOT NULL, -- 0 where a card that stands is behind its task, 1 where one is to be posted, 2 otherwise
    due_at  INTEGER,
    card    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX card_at ON card (message) WHERE message IS NOT NULL;
CREATE INDEX card_due ON card (channel, rank, due_at, task) WHERE due_at IS NOT NULL;

-- What was said in a task's thread, and which counted attempt was told it.
CREATE TABLE follow_up (
    seq       INTEGER PRIMARY KEY, -- the order of arrival
    message   INTEGER NOT NULL UNIQUE,
    task      TEXT NOT NULL,
    told_to   INTEGER,
    follow_up TEXT NOT NULL
) STRICT;
CREATE INDEX follow_up_of_task ON follow_up (task, seq);
