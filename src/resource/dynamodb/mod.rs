//! The kinds of DynamoDB.

pub mod table;
