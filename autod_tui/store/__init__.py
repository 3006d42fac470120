"""Files that last: the journal, the lock, and what the user writes."""
