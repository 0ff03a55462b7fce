-- one row per answer to a mail: for whom a server took it, and who will not get it; rows are only ever added
CREATE TABLE IF NOT EXISTS sent_mail (
    message_id VARCHAR NOT NULL,    -- made from all that the mail holds
    report VARCHAR NOT NULL,
    accepted VARCHAR NOT NULL,      -- addresses that the server took it for, by commas
    refused VARCHAR NOT NULL,       -- addresses that will not get it, each with the reason, by semicolons
    sent_at TIMESTAMP NOT NULL
);
