//! Shared code of the test binaries: real and fake servers on free ports. Their folders are temporary, and they stop
//! with the test process. A binary that does not use all parts declares this module with `#[expect(dead_code)]`.

pub mod aliyun;
pub mod client;
pub mod cloopen;
pub mod doorstep;
pub mod fake_server;
pub mod postgres;
pub mod process;
pub mod provider;
pub mod redis;
pub mod storage;
pub mod tcp_proxy;
pub mod tencent;
pub mod twilio;
pub mod webhook;
