-- one row per mail that a run had to send: for whom, and where it lies; rows are only ever added
CREATE TABLE IF NOT EXISTS due_mail (
    message_id VARCHAR NOT NULL,    -- made from all that the mail holds
    report VARCHAR NOT NULL,
    recipients VARCHAR NOT NULL,    -- addresses that it is for, by commas
    file VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL
);
