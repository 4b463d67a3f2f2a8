ALTER TABLE users DROP COLUMN accepted_documents;
DROP TABLE consents;
