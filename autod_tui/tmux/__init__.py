"""The tmux server that holds the agents: control mode, panes, its own configuration."""
