"""Runs carried out: sessions, their judgement, the way into the branch, and the life of the whole."""
