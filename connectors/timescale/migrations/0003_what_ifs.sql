-- What a what-if that runs does just now, and since when it runs: what is left can be told of that.

ALTER TABLE what_ifs ADD COLUMN phase text, ADD COLUMN begun_at timestamptz;
