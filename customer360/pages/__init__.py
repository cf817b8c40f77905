"""Pages that people read: HTML without a script, charts as pictures; nothing is measured here."""
