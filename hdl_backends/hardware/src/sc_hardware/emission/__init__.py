"""What every emitted folder holds besides sources: pictures, file lists for build flows, tables of bit fields."""
