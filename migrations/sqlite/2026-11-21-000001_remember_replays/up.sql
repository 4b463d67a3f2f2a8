-- `replays` is a bit set. Bit 1: the parent of the current refresh token was replayed late, long after the current
-- token was created. Bits 2 and 4: the same for the two generations before. Bit 8: the current token was returned to a
-- client more than once.
-- `rotated_at` is the time when the current token was created. It is NULL for the first token of a session, which has
-- no parent.
-- The check constraint keeps its name and its range: SQLite can change neither without a new table.
ALTER TABLE sessions RENAME COLUMN replay_streak TO replays;
ALTER TABLE sessions ADD COLUMN rotated_at TEXT;
