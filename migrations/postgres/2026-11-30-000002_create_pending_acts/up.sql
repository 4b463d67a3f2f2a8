-- Held acts: at most one of a kind for each account. An act can be done once from `ready_at` on, or as soon as it is
-- approved, until `expires_at`. A refused act stays until `expires_at`: until then it cannot be asked for again.
-- `target` is what the act is about: the new number of a change of number, or the account that claims this number.
-- `session_id` is the session that asked for the act: without it, the act has ended. NULL: no session asked.
-- `credentials_version` is that of the user; with another one, the act has ended.
CREATE TABLE pending_acts (
    id                  TEXT COLLATE "C" NOT NULL,
    user_id             TEXT COLLATE "C" NOT NULL,
    kind                TEXT COLLATE "C" NOT NULL,
    target              TEXT,
    session_id          TEXT COLLATE "C",
    device_name         TEXT,
    credentials_version BIGINT NOT NULL,
    asked_at            TIMESTAMP NOT NULL,
    ready_at            TIMESTAMP NOT NULL,
    expires_at          TIMESTAMP NOT NULL,
    approved_at         TIMESTAMP,
    refused_at          TIMESTAMP,
    CONSTRAINT pending_acts_pkey PRIMARY KEY (id),
    CONSTRAINT pending_acts_user_id_kind_key UNIQUE (user_id, kind),
    CONSTRAINT pending_acts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT pending_acts_id_is_uuid CHECK (length(id) = 36),
    CONSTRAINT pending_acts_kind_length CHECK (length(kind) BETWEEN 1 AND 32),
    CONSTRAINT pending_acts_device_name_length CHECK (length(device_name) BETWEEN 1 AND 256)
);

CREATE INDEX pending_acts_expires_at_idx ON pending_acts (expires_at);
