ALTER TABLE sessions DROP COLUMN rotated_at;
ALTER TABLE sessions RENAME COLUMN replays TO replay_streak;
