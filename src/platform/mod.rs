//! The platforms themselves: what is asked of their interfaces, and the record of what they answered.
//!
//! A [`tape`] is the record of one reading of a platform. [`fetch`] says which calls a complete reading takes; who makes
//! them is a [`Client`](calls::Client), so nothing here touches a network, a file or a clock.

pub mod calls;
pub mod dump;
pub mod faspex;
pub mod fetch;
pub mod globus;
pub mod observed;
pub mod refusal;
mod refusals;
mod rows;
pub mod secrets;
pub mod tape;
