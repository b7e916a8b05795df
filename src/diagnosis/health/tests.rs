//! Each kind's health, row by row.
