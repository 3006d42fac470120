"""Records: the files in which agents keep their conversations tell what those have used."""

from autod_tui.agents.records.news import News, Readable
from autod_tui.agents.records.places import find_record, watched_dirs
from autod_tui.agents.records.record import Record, open_record

__all__ = ["News", "Readable", "Record", "find_record", "open_record", "watched_dirs"]
