-- Whom every Main and Login of the realm turns away.

-- One line: whoever changes the list locks it, and counts.
CREATE TABLE ban_list (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    version bigint NOT NULL
);
INSERT INTO ban_list (version) VALUES (1);

-- A uid, or an address; for ever, if it has no end.
CREATE TABLE bans (
    who text COLLATE "C" PRIMARY KEY,
    until_s bigint,
    by_game boolean NOT NULL,
    reason text NOT NULL
);
