-- Always empty. The closing write of an export puts here how many of its leads a suppression list names that was loaded
-- while the export was being prepared; anything but 0 breaks the write.
CREATE TABLE leads_barred_meanwhile (
    barred INTEGER NOT NULL CONSTRAINT leads_barred_meanwhile CHECK (barred = 0)
);
