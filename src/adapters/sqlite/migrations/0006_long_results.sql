-- A long result stands beside its attempt, in parts: what looks at a task reads the beginning that its report keeps. Those of attempts that are
-- here already move there.

CREATE TABLE long_result (
    attempt TEXT NOT NULL,
    part    INTEGER NOT NULL,
    text    TEXT NOT NULL,
    UNIQUE (attempt, part)
) STRICT;

INSERT INTO long_result
SELECT id, 0, report ->> '$.text' FROM attempt
WHERE OCTET_LENGTH(report) > 131072 AND OCTET_LENGTH(report ->> '$.text') > 131072;

-- 32,768 characters are 128 KiB at most.
UPDATE attempt SET report = JSON_SET(
    report,
    '$.text', SUBSTR(TRIM(report ->> '$.text', CHAR(9, 10, 11, 12, 13, 32)), 1, 32768),
    '$.aside', JSON_OBJECT(
        'bytes', OCTET_LENGTH(report ->> '$.text'),
        'characters', LENGTH(TRIM(report ->> '$.text', CHAR(9, 10, 11, 12, 13, 32)))
    )
)
WHERE id IN (SELECT attempt FROM long_result);
