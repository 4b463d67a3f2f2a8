ALTER TABLE sessions DROP COLUMN refreshed_from;
ALTER TABLE sessions DROP COLUMN jkt;
