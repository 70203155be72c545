"""Where pairs come from: one file for each well, and the table that lists them (`hpcraft.data.wells.table`)."""
