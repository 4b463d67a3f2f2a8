//! `POST /v1/captchas`: image and audio captchas.

use super::client::ClientContext;
use super::contract::{Contract, HeaderType, Output, Success, schema};
use super::dto::captcha::{Captcha, CreateCaptcha, ProofOfWork};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::form::Form;
use super::response::seconds;
use crate::domain::captcha::{CaptchaId, Kind, Theme};
use crate::domain::language::Language;
use crate::domain::proof::{Challenge, Nonce, Proof};
use crate::flows::Service;
use crate::flows::captcha::{self, CaptchaParams, Created};
use actix_web::body::BoxBody;
use actix_web::http::header::{ACCEPT, CONTENT_LANGUAGE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use base64::{Engine, prelude::BASE64_STANDARD};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/captchas", create)
            .harmless()
            .operation("captchas.create", "Create a captcha.")
            .description(
                "The answer to an image is its characters (upper line first, in upper or lower case), or the result of \
                 its sum. The answer to an audio captcha (`\"kind\": \"audio\"`), for users who cannot read the image, \
                 is the spoken digits. A captcha allows one attempt, right or wrong.\n\n\
                 The response is JSON. With `Accept: image/png` or `Accept: audio/wav`, whichever fits the kind, it is \
                 the file itself, with the headers `Captcha-Id` and `Captcha-Expires-In` (seconds).\n\n\
                 Send the first request without a proof of work. After `proof_of_work_required`, find digits with this \
                 property: the SHA-256 hash of `challenge`, a colon and the digits begins with `bits` zero bits. Send \
                 the request again with the challenge and the digits. `proof_of_work_invalid` carries the next \
                 challenge.",
            )
            .success("New captcha")
            .errors(&[Code::ProofOfWorkRequired, Code::ProofOfWorkInvalid, Code::TooManyRequests, Code::Overloaded]),
    ]
}

async fn create(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<CreateCaptcha>,
) -> Result<CaptchaReply, Problem> {
    let params = body.0.parse(&service)?;
    let kind = params.kind;
    Ok(CaptchaReply { kind, language: client.0.language, created: captcha::create(&service, client.0, params).await? })
}

impl CreateCaptcha {
    fn parse(&self, service: &Service) -> Result<CaptchaParams, Problem> {
        let mut form = Form::default();
        let kind = form.optional("kind", self.kind.as_deref(), |text| service.policy().captcha.kind(text));
        let theme = form.optional("theme", self.theme.as_deref(), Theme::parse);
        let proof = self.proof_of_work.as_ref().and_then(|proof| proof.parse(&mut form));
        let replaces = form.optional("replaces", self.replaces.as_deref(), CaptchaId::parse);
        form.finish(|| Some(CaptchaParams { kind: kind.unwrap_or_default(), theme, proof, replaces }))
    }
}

impl ProofOfWork {
    fn parse(&self, form: &mut Form) -> Option<Proof> {
        let challenge = form.field("proof_of_work.challenge", Challenge::parse(&self.challenge));
        let nonce = form.field("proof_of_work.nonce", Nonce::parse(&self.nonce));
        Some(Proof { challenge: challenge?, nonce: nonce? })
    }
}

/// JSON, or the file itself if the client wants it.
struct CaptchaReply {
    kind: Kind,
    language: Language,
    created: Created,
}

impl Responder for CaptchaReply {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let (media_type, expires_in) = (media_type(self.kind), seconds(self.created.expires_in));
        let mut response = HttpResponse::Created();
        if self.kind == Kind::Audio {
            response.insert_header((CONTENT_LANGUAGE, self.language.tag()));
        }
        if wants_file(request, self.kind) {
            response.content_type(media_type).insert_header(("Captcha-Id", self.created.id.as_str()));
            return response.insert_header(("Captcha-Expires-In", expires_in)).body(self.created.file);
        }
        let file = Some(format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(&self.created.file)));
        let (image, audio) = match self.kind {
            Kind::Image => (file, None),
            Kind::Audio => (None, file),
        };
        let captcha_id = self.created.id.as_str().to_owned();
        response.json(Captcha { captcha_id, image, audio, media_type, expires_in })
    }
}

impl Output for CaptchaReply {
    fn describe(contract: &mut Contract) {
        contract.success = Success {
            status: 201,
            content: vec![
                ("application/json", Some(schema::<Captcha> as _)),
                (media_type(Kind::Image), None),
                (media_type(Kind::Audio), None),
            ],
            headers: &[
                ("Captcha-Id", HeaderType::Text, "Id of the captcha, if the response is the file"),
                (
                    "Captcha-Expires-In",
                    HeaderType::Number,
                    "Seconds until the captcha expires, if the response is the file",
                ),
                ("Content-Language", HeaderType::Text, "Language of the recording"),
            ],
        };
    }
}

const fn media_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image/png",
        Kind::Audio => "audio/wav",
    }
}

/// Tells whether the response is the file itself: `Accept` names the media type of this kind and not JSON. A client
/// that requests an audio captcha and accepts only images gets JSON.
fn wants_file(request: &HttpRequest, kind: Kind) -> bool {
    let accepted = request.headers().get(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    let accepted = String::from_utf8_lossy(accepted).to_ascii_lowercase();
    accepted.contains(media_type(kind)) && !accepted.contains("application/json")
}
