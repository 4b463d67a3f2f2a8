//! What the test binaries share: real servers, started on free ports in temporary folders and stopped with the test process.
//! A binary that leaves a part unused says `#[expect(dead_code)]` where it declares this module.

pub mod aliyun;
pub mod cloopen;
pub mod postgres;
pub mod process;
pub mod provider;
pub mod redis;
pub mod served;
pub mod storage;
pub mod tencent;
pub mod twilio;
pub mod webhook;
