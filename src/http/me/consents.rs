//! `PUT /v1/me/consents`: consent of the signed-in user to the legal documents in force.

use crate::domain::consent::LegalDocument;
use crate::flows::Service;
use crate::flows::account::consents;
use crate::http::client::ClientContext;
use crate::http::dto::account::{AcceptDocuments, User};
use crate::http::endpoint::{Endpoint, put};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use crate::http::form::Form;
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        put("/v1/me/consents", accept)
            .operation("me.acceptDocuments", "Accept the legal documents.")
            .description(
                "Accepts the documents in force, after `consent_due` of the account has named some. `accepted` must \
                 name exactly the documents in force (`consent_required` lists them), also those that the user has \
                 accepted before. Earlier consents stay in the record, and a repeated one adds nothing.",
            )
            .success("Account without due consents")
            .errors(&[Code::ConsentRequired]),
    ]
}

async fn accept(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<AcceptDocuments>,
) -> Result<Reply<User>, Problem> {
    let accepted = body.0.parse(&service)?;
    let user = consents::accept(&service, bearer.caller(&service).await?, &accepted, client.0).await?;
    Ok(Reply::new(User::new(user, &service)))
}

impl AcceptDocuments {
    fn parse(&self, service: &Service) -> Result<Vec<LegalDocument>, Problem> {
        let mut form = Form::default();
        let accepted = form.field("accepted", service.policy().legal_documents.parse_accepted(&self.accepted));
        form.finish(|| accepted)
    }
}
