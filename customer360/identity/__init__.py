"""Identity: which source records are one person, and what is known of that person."""
