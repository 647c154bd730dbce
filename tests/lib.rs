//! What must be true in every language.
