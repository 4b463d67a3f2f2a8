-- `jkt` is the thumbprint (RFC 7638) of the key to which the refresh token is bound; NULL: the token is not bound.
-- `refreshed_from` is a keyed hash of the IP block of the last refresh; NULL before the first one.
-- `replays` gets two bits. Bit 16: a late replay of the parent came from another IP block than the refresh before it.
-- Bit 32: the same for the generation before.
-- `rotated_at` of a bound session is the time of its last refresh: its token does not change. NULL: the token of this
-- generation was never used.
ALTER TABLE sessions ADD COLUMN jkt TEXT CHECK (length(jkt) = 43);
ALTER TABLE sessions ADD COLUMN refreshed_from TEXT CHECK (length(refreshed_from) = 22);
