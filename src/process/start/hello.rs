//! The first words between the two sides.
