"""Agent profiles and what tells their state."""
