-- `replays` is a set of bits. 1: the parent of the current refresh token came once more, long after its child was made.
-- 2 and 4: the same of the two generations before. 8: the current token has been handed out more than once.
-- `rotated_at` is when the current token was made; the first of a session has no parent and leaves it empty.
-- The check keeps its name and its width: SQLite can change neither without a new table.
ALTER TABLE sessions RENAME COLUMN replay_streak TO replays;
ALTER TABLE sessions ADD COLUMN rotated_at TEXT;
