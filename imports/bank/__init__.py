"""Bank and bookkeeping files of three formats, read into one kind of line."""
