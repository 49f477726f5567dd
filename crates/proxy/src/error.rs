//! The one place that picks a status code.
//!
//! Every refusal, whoever makes it, is an [`ApiError`] and leaves as
//! `{"error":{"code","message","reason","field"}}`. A program matches `reason`; the sentence is for people.
//!
//! What went wrong on our side is never sent. It travels beside the response, as a [`ServerFault`], to the
//! access log, which writes it once, with the request's id.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use oneloop_engine::EngineError;
use oneloop_protocol::error::{ErrorBody, ErrorDetail, FieldError, Reason};

/// Everything that a request may fail with.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request breaks a rule.
    #[error("{message}")]
    Refused {
        /// Which rule.
        reason: Reason,
        /// The rule, in a sentence.
        message: Cow<'static, str>,
        /// The field at fault, in the request's own spelling.
        field: Option<Cow<'static, str>>,
    },
    /// Nobody we know is asking.
    #[error("{message}")]
    Unauthenticated {
        /// What is wrong with the credential.
        reason: Reason,
        /// The same, in a sentence.
        message: &'static str,
    },
    /// We know who is asking, and they may not.
    #[error("{message}")]
    Forbidden {
        /// What they lack.
        reason: Reason,
        /// The same, in a sentence.
        message: Cow<'static, str>,
        /// The field at fault, if one is.
        field: Option<Cow<'static, str>>,
    },
    /// It is not there, or it is somebody else's: the caller cannot tell which.
    #[error("{message}")]
    NotFound {
        /// What is not there.
        reason: Reason,
        /// The same, in a sentence.
        message: Cow<'static, str>,
    },
    /// The URL exists, but not for this method.
    #[error("this URL does not answer this method; see the Allow header")]
    MethodNotAllowed,
    /// The body is larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The request took too long.
    ///
    /// 503 rather than 408: a time limit is our decision about our load, and published clients retry both
    /// alike. What the handler had begun is rolled back when its future is dropped.
    #[error("the request took too long; try again")]
    Timeout,
    /// A dependency is down; trying again makes sense.
    #[error("the key service is unavailable for the moment; try again")]
    Unavailable(#[source] anyhow::Error),
    /// More is asked than can be done at once.
    #[error("{0}")]
    Busy(&'static str),
    /// A bug.
    #[error("something went wrong on our side")]
    Internal(#[source] anyhow::Error),
}

impl ApiError {
    /// A refusal of the request as it stands, without a field to point at.
    pub(crate) fn refused(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { reason, message: message.into(), field: None }
    }

    /// "There is no such …", whether or not it exists for somebody else.
    pub(crate) fn not_found(reason: Reason) -> Self {
        let message = match reason {
            Reason::UnknownWorkspace => "there is no such workspace",
            Reason::UnknownApiKey => "there is no such API key",
            Reason::UnknownLinkToken => "there is no such link token",
            Reason::UnknownMigration => "there is no such migration job",
            Reason::UnknownSdkKey => "there is no such SDK key",
            Reason::UnknownTeam => "there is no such team",
            Reason::UnknownMeter => "there is no such meter",
            _ => "there is no such URL",
        };
        Self::NotFound { reason, message: message.into() }
    }

    /// The status, the stable word, and the field at fault.
    fn class(&self) -> (StatusCode, Reason, Option<&str>) {
        match self {
            Self::Refused { reason, field, .. } => {
                (StatusCode::BAD_REQUEST, *reason, field.as_deref())
            }
            Self::Unauthenticated { reason, .. } => (StatusCode::UNAUTHORIZED, *reason, None),
            Self::Forbidden { reason, field, .. } => {
                (StatusCode::FORBIDDEN, *reason, field.as_deref())
            }
            Self::NotFound { reason, .. } => (StatusCode::NOT_FOUND, *reason, None),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, Reason::MethodNotAllowed, None)
            }
            Self::BodyTooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, Reason::BodyTooLarge, None)
            }
            Self::Timeout => (StatusCode::SERVICE_UNAVAILABLE, Reason::Timeout, None),
            Self::Unavailable(_) | Self::Busy(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, Reason::Unavailable, None)
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Reason::Internal, None),
        }
    }
}

/// What a refusal said, kept beside the response: the log wants its reason, and a client that asked for
/// `application/problem+json` gets the same facts in that shape.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) detail: Arc<ErrorDetail>,
}

/// The cause of a 5xx, kept beside the response for the log and never sent.
#[derive(Clone)]
pub(crate) struct ServerFault(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, reason, field) = self.class();
        let detail = ErrorDetail {
            code: status.as_u16(),
            message: self.to_string(),
            reason: Some(Cow::Borrowed(reason.as_str())),
            field: field.map(str::to_owned),
        };
        let body = ErrorBody { error: detail };
        // Text and a number: there is nothing in it that could fail to be written.
        let json = serde_json::to_vec(&body).unwrap_or_default();

        let content_type = HeaderValue::from_static("application/json");
        let mut response = (status, [(CONTENT_TYPE, content_type)], json).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"oneloop\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let extensions = response.extensions_mut();
        extensions.insert(Refusal { reason, detail: Arc::new(body.error) });
        if status.is_server_error() {
            extensions.insert(ServerFault(Arc::new(self)));
        }
        response
    }
}

impl From<FieldError> for ApiError {
    fn from(FieldError { field, reason, message }: FieldError) -> Self {
        Self::Refused { reason, message: message.into(), field: Some(field) }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(error) => error.into(),
            EngineError::Conflict { reason, message, field } => {
                Self::Refused { reason, message: message.into(), field: field.map(Into::into) }
            }
            EngineError::Forbidden { reason, message, field } => {
                Self::Forbidden { reason, message: message.into(), field: field.map(Into::into) }
            }
            EngineError::NotFound(reason) => Self::not_found(reason),
            EngineError::Busy(message) => Self::Busy(message),
            error @ EngineError::Unavailable(_) => Self::Unavailable(error.into()),
            error @ EngineError::Internal(_) => Self::Internal(error.into()),
        }
    }
}
