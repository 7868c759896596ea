"""Pure statistics: frames and numbers in, results out; no database, clock, environment or unseeded chance."""
