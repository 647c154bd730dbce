//! m365kit
