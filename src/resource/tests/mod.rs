//! What the tests of several kinds share: fakes of AWS, and an account in memory.

mod console_pages;
pub(crate) mod eventbridge_fake;
pub(crate) mod gateway;
pub(crate) mod script;
pub(crate) mod world;
