"""The git room: one repository as the engine sees it, by git's plumbing and never by what the repository configures."""
