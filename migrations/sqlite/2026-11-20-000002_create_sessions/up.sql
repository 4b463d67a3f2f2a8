-- A session is a signed-in device. `generation` is the number of refreshes: the first refresh token has number 0.
-- Refresh tokens of generations before `first_generation` are invalid: a change of the password has replaced them.
-- `device_id` is the known device of the session; it stays when the session ends. NULL: the device is not known, or it
-- was forgotten. `device_since` is the time of the first sign-in on it.
CREATE TABLE sessions (
    id            TEXT NOT NULL,
    user_id       TEXT NOT NULL,
    generation    INTEGER NOT NULL,
    first_generation INTEGER NOT NULL DEFAULT 0,
    replay_streak INTEGER NOT NULL,
    device_name   TEXT,
    created_at    TEXT NOT NULL,
    last_used_at  TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    revoked_at    TEXT,
    device_id     TEXT,
    device_since  TEXT,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_id_is_uuid CHECK (length(id) = 36),
    CONSTRAINT sessions_generation_counts CHECK (generation >= 0),
    CONSTRAINT sessions_replay_streak_counts CHECK (replay_streak >= 0),
    CONSTRAINT sessions_device_id_is_uuid CHECK (length(device_id) = 36),
    CONSTRAINT sessions_device_name_length CHECK (length(device_name) BETWEEN 1 AND 256),
    CONSTRAINT sessions_end_after_start CHECK (expires_at > created_at)
) STRICT;

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
