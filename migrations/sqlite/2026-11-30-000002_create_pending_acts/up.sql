-- Held acts: at most one of a kind for each account. An act can be done once from `ready_at` on, or as soon as it is
-- approved, until `expires_at`. A refused act stays until `expires_at`: until then it cannot be asked for again.
-- `target` is what the act is about: the new number of a change of number, or the account that claims this number.
-- `session_id` is the session that asked for the act: without it, the act has ended. NULL: no session asked.
-- `credentials_version` is that of the user; with another one, the act has ended.
CREATE TABLE pending_acts (
    id                  TEXT NOT NULL,
    user_id             TEXT NOT NULL,
    kind                TEXT NOT NULL,
    target              TEXT,
    session_id          TEXT,
    device_name         TEXT,
    credentials_version INTEGER NOT NULL,
    asked_at            TEXT NOT NULL,
    ready_at            TEXT NOT NULL,
    expires_at          TEXT NOT NULL,
    approved_at         TEXT,
    refused_at          TEXT,
    CONSTRAINT pending_acts_pkey PRIMARY KEY (id),
    CONSTRAINT pending_acts_user_id_kind_key UNIQUE (user_id, kind),
    CONSTRAINT pending_acts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT pending_acts_id_is_uuid CHECK (length(id) = 36),
    CONSTRAINT pending_acts_kind_length CHECK (length(kind) BETWEEN 1 AND 32),
    CONSTRAINT pending_acts_device_name_length CHECK (length(device_name) BETWEEN 1 AND 256)
) STRICT;

CREATE INDEX pending_acts_expires_at_idx ON pending_acts (expires_at);
