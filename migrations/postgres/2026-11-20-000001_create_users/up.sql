-- The program defines the exact rules for phones, nicknames and passwords. The checks here are wide on purpose: they
-- catch a defect, such as a password that was never hashed, and a changed rule needs no migration.
-- Keys are compared by bytes (COLLATE "C"): a new version of the system's collations must not corrupt an index.
-- `phone` is NULL in a detached account: another person has signed up with its number, which is `former_phone` then.
-- `deletes_at` is the time when a detached account is deleted, unless its owner reclaims it; NULL: never.
-- `password_hash` is NULL in an account without a password. `password_reset_at` is the last time when a password was
-- set with a code alone. `phone_proven_at` is the last time when the user proved the phone with a code.
-- Times are UTC.
CREATE TABLE users (
    id                  TEXT COLLATE "C" NOT NULL,
    phone               TEXT COLLATE "C",
    password_hash       TEXT,
    nickname            TEXT NOT NULL,
    avatar_url          TEXT,
    gender              TEXT,
    birthday            DATE,
    created_at          TIMESTAMP NOT NULL,
    updated_at          TIMESTAMP NOT NULL,
    last_login_at       TIMESTAMP,
    password_changed_at TIMESTAMP NOT NULL,
    password_reset_at   TIMESTAMP,
    phone_proven_at     TIMESTAMP NOT NULL,
    former_phone        TEXT COLLATE "C",
    detached_at         TIMESTAMP,
    deletes_at          TIMESTAMP,
    credentials_version BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_phone_key UNIQUE (phone),
    CONSTRAINT users_id_is_uuid CHECK (length(id) = 36),
    CONSTRAINT users_phone_is_e164 CHECK (phone LIKE '+%' AND length(phone) BETWEEN 5 AND 16),
    CONSTRAINT users_former_phone_is_e164 CHECK (former_phone LIKE '+%' AND length(former_phone) BETWEEN 5 AND 16),
    CONSTRAINT users_password_is_hashed CHECK (password_hash LIKE '$%$%' AND length(password_hash) <= 512),
    CONSTRAINT users_nickname_length CHECK (length(nickname) BETWEEN 1 AND 128),
    CONSTRAINT users_avatar_url_length CHECK (length(avatar_url) BETWEEN 1 AND 2048),
    CONSTRAINT users_gender_length CHECK (length(gender) BETWEEN 1 AND 16)
);

CREATE INDEX users_former_phone_idx ON users (former_phone, phone) WHERE former_phone IS NOT NULL;
CREATE INDEX users_deletes_at_idx ON users (phone, deletes_at) WHERE deletes_at IS NOT NULL;
