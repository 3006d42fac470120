"""What happens on disk, as events."""
