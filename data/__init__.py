"""Floor 2: bars in. Tapes, samples, import, sanity, corporate actions, calendars, splits of time."""
