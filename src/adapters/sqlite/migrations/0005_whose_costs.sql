-- What a cost is asked by: who asked, where, and on which instance; and whose figure it is. Of lines that are here already the task and the
-- attempt tell; whose figure it was, nobody noted.

ALTER TABLE ledger ADD COLUMN requester TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN channel INTEGER;
ALTER TABLE ledger ADD COLUMN instance TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN cost_from TEXT;

UPDATE ledger SET
    requester = COALESCE(task.task ->> '$.requester.name', ''),
    channel = CAST(COALESCE(task.task ->> '$.origin.channel', task.task ->> '$.origin.announce_in') AS INTEGER)
FROM task WHERE task.id = ledger.task;
UPDATE ledger SET instance = attempt.instance FROM attempt WHERE attempt.id = ledger.attempt;

CREATE INDEX ledger_by_lane ON ledger (lane, day, seq);
