-- Record of consents: one row for each version of a legal document that a user has accepted. Rows are only added; they
-- are deleted with the account. `ip_block` is a keyed hash of the client's IP block.
CREATE TABLE consents (
    user_id     TEXT NOT NULL,
    document    TEXT NOT NULL,
    version     TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    ip_block    TEXT NOT NULL,
    CONSTRAINT consents_pkey PRIMARY KEY (user_id, document, version),
    CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT consents_document_length CHECK (length(document) BETWEEN 1 AND 64),
    CONSTRAINT consents_version_length CHECK (length(version) BETWEEN 1 AND 64),
    CONSTRAINT consents_ip_block_length CHECK (length(ip_block) BETWEEN 1 AND 64)
) STRICT;

-- The documents of this record as one text, `terms@2026-11-01,privacy@2026-11-01`: each request reads it with the user.
ALTER TABLE users ADD COLUMN accepted_documents TEXT NOT NULL DEFAULT '';
