"""What the subcommands of `customer360` do; how they are called is declared in `customer360.cli`."""
