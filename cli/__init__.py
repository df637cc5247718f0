"""Floor 7: the command `quantgym`, one thin file a subcommand; each imports its room when it is called."""
