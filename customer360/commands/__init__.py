"""What the subcommands of `customer360` do; how they are called is in `customer360.cli`."""
