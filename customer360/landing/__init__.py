"""How files become records, and the simulator and importers that write some."""
