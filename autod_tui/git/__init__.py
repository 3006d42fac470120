"""The repository through git: merges without a work tree, worktrees, forecasts."""
