-- What else a calibration run keeps: the weights of the score's parts, and whether newer leads counted more.

ALTER TABLE calibration_runs ADD COLUMN components TEXT NOT NULL DEFAULT '[]';  -- JSON array: one object per workflow
ALTER TABLE calibration_runs ADD COLUMN half_life_days INTEGER;                 -- missing: all leads counted alike
