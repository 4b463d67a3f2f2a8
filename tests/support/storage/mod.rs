//! Fake object storages: HTTP servers that check every upload as strictly as the providers do. And a client that
//! uploads with a permit.

pub mod qiniu;
pub mod s3;

use chrono::{DateTime, Utc};
use doorstep::domain::avatar::{AvatarType, Permit};
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// State of a fake storage: its objects and its time.
pub struct Shelf {
    now: Mutex<DateTime<Utc>>,
    objects: Mutex<HashMap<String, Object>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Shelf {
    fn new(now: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(now), objects: Mutex::default() }
    }

    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    pub fn set_time(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap() = now;
    }

    pub fn object(&self, key: &str) -> Option<Object> {
        self.objects.lock().unwrap().get(key).cloned()
    }

    pub fn len(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    fn put(&self, key: &str, object: Object) {
        self.objects.lock().unwrap().insert(key.to_owned(), object);
    }
}

/// Returns bytes of this size that begin like an image of this type.
pub fn picture(kind: AvatarType, size: usize) -> Vec<u8> {
    let mut bytes = match kind {
        AvatarType::Jpeg => b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(),
        AvatarType::Png => b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec(),
        AvatarType::Webp => b"RIFF\x00\x00\x00\x00WEBPVP8 ".to_vec(),
    };
    bytes.resize(size, b'.');
    bytes
}

/// Upload permit, as an app reads it from the response.
#[derive(Debug, Clone, Deserialize)]
pub struct Instructions {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
}

impl From<Permit> for Instructions {
    fn from(permit: Permit) -> Self {
        let map =
            |pairs: Vec<(&str, String)>| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (method, url, headers, form) = match permit {
            Permit::Put { url, headers } => ("PUT", url, map(headers), BTreeMap::new()),
            Permit::Form { url, fields } => ("POST", url, BTreeMap::new(), map(fields)),
        };
        Self { method: method.to_owned(), url: url.into(), headers, form }
    }
}

const BOUNDARY: &str = "----doorstep";

impl Instructions {
    /// Uploads an image. Returns status and body of the storage's response.
    pub async fn upload(&self, picture: &[u8]) -> (StatusCode, String) {
        let mut request = Client::new().request(self.method.parse::<Method>().unwrap(), &self.url);
        // The HTTP library sets the length itself.
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != "Content-Length") {
            request = request.header(name, value);
        }
        let request = if self.form.is_empty() {
            request.body(picture.to_vec())
        } else {
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            request.header("Content-Type", media_type).body(self.multipart(picture))
        };
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    fn multipart(&self, picture: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        let disposition = "Content-Disposition: form-data; name";
        for (name, value) in &self.form {
            body.extend(format!("--{BOUNDARY}\r\n{disposition}=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        let file = "\"file\"; filename=\"avatar\"\r\nContent-Type: application/octet-stream";
        body.extend(format!("--{BOUNDARY}\r\n{disposition}={file}\r\n\r\n").into_bytes());
        body.extend(picture);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        body
    }
}
