//! `POST /v1/captchas`: image and audio captchas, in JSON or as files.

use super::client::ClientContext;
use super::contract::{Contract, HeaderType, Inputs, Output, Success, schema};
use super::dto::captcha::{Captcha, CreateAudio, CreateCaptcha, CreateImage, ProofOfWork};
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
use actix_web::http::header::CONTENT_LANGUAGE;
use actix_web::{Handler, HttpRequest, HttpResponse, Responder, web};
use base64_simd::STANDARD;
use serde_json::value::RawValue;

const ONE_ATTEMPT: &str = "The answer to an image is its characters (upper line first, in upper or lower case), or \
                           the result of its sum. The answer to an audio captcha, for users who cannot read the \
                           image, is the spoken digits. A captcha allows one attempt, right or wrong.\n\n\
                           Send the first request without a proof of work. After `proof_of_work_required`, find \
                           digits with this property: the SHA-256 hash of `challenge`, a colon and the digits begins \
                           with `bits` zero bits. Send the request again with the challenge and the digits. \
                           `proof_of_work_invalid` carries the next challenge.";

const FILE: &str = "The same as `POST /v1/captchas`, for clients that need the file itself, such as curl. The header \
                    `Captcha-Id` names the captcha. An app uses `POST /v1/captchas`: its response has the prompt, too.";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        row("/v1/captchas", create).operation("captchas.create", "Create a captcha.").description(ONE_ATTEMPT),
        row("/v1/captchas/image", create_image)
            .operation("captchas.createImage", "Create an image captcha, as a PNG file.")
            .description(FILE),
        row("/v1/captchas/audio", create_audio)
            .operation("captchas.createAudio", "Create an audio captcha, as a WAV file.")
            .description(FILE),
    ]
}

fn row<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    post(path, handler).harmless().success("New captcha").errors(&[
        Code::ProofOfWorkRequired,
        Code::ProofOfWorkInvalid,
        Code::TooManyRequests,
        Code::Overloaded,
    ])
}

async fn create(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<CreateCaptcha>,
) -> Result<CaptchaReply, Problem> {
    CaptchaReply::new(make(&service, client, &body.0).await?)
}

async fn create_image(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<CreateImage>,
) -> Result<File<false>, Problem> {
    let CreateImage { replaces, theme, proof_of_work } = body.0;
    let body = CreateCaptcha { replaces, kind: None, theme, proof_of_work };
    make(&service, client, &body).await.map(File)
}

async fn create_audio(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<CreateAudio>,
) -> Result<File<true>, Problem> {
    let CreateAudio { replaces, proof_of_work } = body.0;
    let body = CreateCaptcha { replaces, kind: Some(Kind::Audio.as_str().to_owned()), theme: None, proof_of_work };
    make(&service, client, &body).await.map(File)
}

/// Captcha for the client that has requested it.
struct NewCaptcha {
    kind: Kind,
    language: Language,
    created: Created,
}

async fn make(service: &Service, client: ClientContext, body: &CreateCaptcha) -> Result<NewCaptcha, Problem> {
    let params = body.parse(service)?;
    let (kind, language) = (params.kind, client.0.language);
    Ok(NewCaptcha { kind, language, created: captcha::create(service, client.0, params).await? })
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

/// Response in JSON. Its prompt, and a recording, are in one language.
struct CaptchaReply {
    language: Language,
    body: Captcha,
}

impl CaptchaReply {
    fn new(NewCaptcha { kind, language, created }: NewCaptcha) -> Result<Self, Problem> {
        let file = Some(data_uri(kind, &created.file)?);
        let (image, audio) = match kind {
            Kind::Image => (file, None),
            Kind::Audio => (None, file),
        };
        let body = Captcha {
            captcha_id: created.id.as_str().to_owned(),
            image,
            audio,
            media_type: kind.media_type(),
            prompt: created.task.prompt(language),
            length: created.task.length(),
            input: created.task.keyboard().as_str(),
            expires_in: seconds(created.expires_in),
        };
        Ok(Self { language, body })
    }
}

/// Returns a data URI as a JSON string. Base64 has no character that JSON escapes.
fn data_uri(kind: Kind, file: &[u8]) -> Result<Box<RawValue>, Problem> {
    let mut text = format!("\"data:{};base64,", kind.media_type());
    STANDARD.encode_append(file, &mut text);
    text.push('"');
    RawValue::from_string(text).map_err(|error| Problem::internal(&error.to_string()))
}

impl Responder for CaptchaReply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().insert_header((CONTENT_LANGUAGE, self.language.tag())).json(self.body)
    }
}

impl Output for CaptchaReply {
    fn describe(contract: &mut Contract) {
        contract.success = Success {
            status: 201,
            content: vec![("application/json", Some(schema::<Captcha> as _))],
            headers: &[("Content-Language", HeaderType::Text, "Language of the prompt and of the recording")],
        };
    }
}

/// Response that is the file itself.
struct File<const AUDIO: bool>(NewCaptcha);

impl<const AUDIO: bool> Responder for File<AUDIO> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let NewCaptcha { kind, language, created } = self.0;
        let mut response = HttpResponse::Created();
        if AUDIO {
            response.insert_header((CONTENT_LANGUAGE, language.tag()));
        }
        response.content_type(kind.media_type()).insert_header(("Captcha-Id", created.id.as_str()));
        response.insert_header(("Captcha-Expires-In", seconds(created.expires_in))).body(created.file)
    }
}

impl<const AUDIO: bool> Output for File<AUDIO> {
    fn describe(contract: &mut Contract) {
        let kind = if AUDIO { Kind::Audio } else { Kind::Image };
        contract.success = Success {
            status: 201,
            content: vec![(kind.media_type(), None)],
            headers: if AUDIO { &AUDIO_HEADERS } else { &[CAPTCHA_ID, EXPIRES_IN] },
        };
    }
}

type Header = (&'static str, HeaderType, &'static str);

const CAPTCHA_ID: Header = ("Captcha-Id", HeaderType::Text, "Id of the captcha");
const EXPIRES_IN: Header = ("Captcha-Expires-In", HeaderType::Number, "Seconds until the captcha expires");
const AUDIO_HEADERS: [Header; 3] =
    [CAPTCHA_ID, EXPIRES_IN, ("Content-Language", HeaderType::Text, "Language of the recording")];
