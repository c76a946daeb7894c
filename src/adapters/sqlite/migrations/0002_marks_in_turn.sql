-- A mark's due time gets a column of its own, so that the next one of a channel is found without reading those that wait behind it. To the
-- second is enough for rows that are here already: one that is due a little early is tried a little early.

ALTER TABLE mark ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
UPDATE mark SET due_at = COALESCE(CAST(strftime('%s', progress ->> 'due_at') AS INTEGER), 0) * 1000000000 WHERE state IN ('wanted', 'lifting');

CREATE INDEX mark_in_turn ON mark (channel, purpose, id, due_at) WHERE state IN ('wanted', 'lifting');
CREATE INDEX mark_later ON mark (channel, due_at, id) WHERE state IN ('wanted', 'lifting');
