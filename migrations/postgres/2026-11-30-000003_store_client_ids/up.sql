-- `client_id` is the id that the app sent at the sign-in, for the claim `client_id` of access tokens (RFC 9068); NULL:
-- it sent none.
ALTER TABLE sessions ADD COLUMN client_id TEXT CHECK (length(client_id) BETWEEN 1 AND 64);
