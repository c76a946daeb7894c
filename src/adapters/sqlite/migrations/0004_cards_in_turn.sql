-- A card whose task merely waits for its turn has a place: only the first of each channel are shown, the others when their turn is near.

ALTER TABLE card ADD COLUMN near INTEGER; -- 1 where the turn is near, 0 where it is not, NULL where it has been had or is not waited for
ALTER TABLE card ADD COLUMN priority INTEGER;
ALTER TABLE card ADD COLUMN step INTEGER;
CREATE INDEX card_near ON card (channel) WHERE near = 1;
CREATE INDEX card_far ON card (channel, priority DESC, step) WHERE near = 0;

WITH waiting AS (
    SELECT card.task, step.id, step.priority,
           row_number() OVER (PARTITION BY card.channel ORDER BY card.message IS NULL, step.priority DESC, step.id) AS place
    FROM card JOIN step ON step.task = card.task
    WHERE step.state IN ('ready', 'parked') AND step.fence = 0
)
UPDATE card SET near = card.message IS NOT NULL OR waiting.place <= 20, priority = waiting.priority, step = waiting.id
FROM waiting WHERE waiting.task = card.task;
UPDATE card SET rank = 3 WHERE near IS NOT NULL AND message IS NULL;
UPDATE card SET due_at = NULL WHERE near = 0;

-- Facts that were kept for ever: that an attempt was interrupted, which is over when it has ended, and who was told that he is not heard in a thread,
-- which is kept with the card now.
DELETE FROM fact WHERE name GLOB 'not_followed:*';
DELETE FROM fact WHERE name GLOB 'interrupted:*' AND substr(name, 13) NOT IN (SELECT id FROM attempt WHERE live = 1);
