-- one row per mail that a mail server took: for whom, and whom it refused; rows are only ever added
CREATE TABLE IF NOT EXISTS sent_mail (
    message_id VARCHAR NOT NULL,    -- made from all that the mail holds
    report VARCHAR NOT NULL,
    accepted VARCHAR NOT NULL,      -- addresses that the server took it for, by commas
    refused VARCHAR NOT NULL,       -- addresses that it did not, each with its words, by semicolons
    sent_at TIMESTAMP NOT NULL
);
