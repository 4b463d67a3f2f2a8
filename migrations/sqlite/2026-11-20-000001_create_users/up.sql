-- The program defines the exact rules for phones, nicknames and passwords. The checks here are wide on purpose: they
-- catch a defect, such as a password that was never hashed, and a changed rule needs no migration.
-- Times are UTC, as text in the form `YYYY-MM-DD HH:MM:SS` with an optional fraction. The text order is the time order.
CREATE TABLE users (
    id                  TEXT NOT NULL,
    phone               TEXT NOT NULL,
    password_hash       TEXT NOT NULL,
    nickname            TEXT NOT NULL,
    avatar_url          TEXT,
    gender              TEXT,
    birthday            TEXT,
    created_at          TEXT NOT NULL,
    updated_at          TEXT NOT NULL,
    last_login_at       TEXT,
    password_changed_at TEXT NOT NULL,
    credentials_version INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_phone_key UNIQUE (phone),
    CONSTRAINT users_id_is_uuid CHECK (length(id) = 36),
    CONSTRAINT users_phone_is_e164 CHECK (phone LIKE '+%' AND length(phone) BETWEEN 5 AND 16),
    CONSTRAINT users_password_is_hashed CHECK (password_hash LIKE '$%$%' AND length(password_hash) <= 512),
    CONSTRAINT users_nickname_length CHECK (length(nickname) BETWEEN 1 AND 128),
    CONSTRAINT users_avatar_url_length CHECK (length(avatar_url) BETWEEN 1 AND 2048),
    CONSTRAINT users_gender_length CHECK (length(gender) BETWEEN 1 AND 16)
) STRICT;
