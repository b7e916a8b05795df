//! How the house conducts itself with many subjects at once: stories, and random ones against what
//! must always hold.

mod house;
mod model;
mod storms;
