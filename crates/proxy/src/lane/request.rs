//! Which requests are plain verifications.

use crate::routes::verify;

/// How every plain verification begins.
const BEGINNING: &[u8] = b"POST /api/v1/api-key/verify HTTP/1.1\r\n";

/// Headers that are looked at. A request with more is not plain.
const HEADERS: usize = 32;

/// A head that is larger is not plain.
const HEAD_BYTES: usize = 8 * 1024;

/// A request with a larger body is not plain: here the whole of it is received before it is known who sends it, so
/// whoever has no credential could have that much kept. hyper gives out heads, and every route refuses on those alone. A
/// verification takes some hundred bytes, and the largest sensible one, with 256 scopes, some twenty thousand.
const BODY_BYTES: usize = 64 * 1024;

/// A request, and what of it matters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub(super) authorization: Option<&'a [u8]>,
    pub(super) request_id: Option<&'a [u8]>,
    pub(super) body: &'a [u8],
    /// Bytes of head and body.
    pub(super) length: usize,
}

/// What the bytes are that were received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look<'a> {
    /// At least one plain verification.
    Whole(Asked<'a>),
    /// Nothing, or the beginning of a head that may be one of a plain verification.
    Head,
    /// The head of one, and not all of its body.
    Body {
        /// Bytes of head and body.
        length: usize,
    },
    /// Anything else.
    Other,
}

/// Looks at the first request in `bytes`.
///
/// Plain is a POST to verify's path, in HTTP/1.1, with one `Content-Length`, at most one `Authorization`, and nothing
/// that changes what a message, an answer or a connection is: no other way to say where the body ends, nothing to agree
/// on first, no wish about the connection but to keep it, no other credential, no other kind of answer. Headers that neither hyper
/// nor verify reads are nobody's concern. httparse, which is the parser of hyper, finds the headers.
pub(super) fn look(bytes: &[u8]) -> Look<'_> {
    let known = bytes.len().min(BEGINNING.len());
    if bytes[..known] != BEGINNING[..known] {
        return Look::Other;
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let head_length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES => length,
        Ok(httparse::Status::Partial) if bytes.len() <= HEAD_BYTES => return Look::Head,
        _ => return Look::Other,
    };
    let Some(Plain { authorization, request_id, body_length }) = plain(head.headers) else {
        return Look::Other;
    };
    let length = head_length + body_length;
    match bytes.get(head_length..length) {
        Some(body) => Look::Whole(Asked { authorization, request_id, body, length }),
        None => Look::Body { length },
    }
}

struct Plain<'a> {
    authorization: Option<&'a [u8]>,
    request_id: Option<&'a [u8]>,
    body_length: usize,
}

/// What the headers say, if they are those of a plain request.
fn plain<'a>(headers: &[httparse::Header<'a>]) -> Option<Plain<'a>> {
    let (mut authorization, mut request_id, mut body_length) = (None, None, None);
    for header in headers {
        let (name, value) = (header.name, header.value);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // By length first: most headers are none of these.
        match name.len() {
            2 if is("te") => return None,
            6 if is("expect") => return None,
            6 if is("accept") && value.contains(&b'+') => return None,
            7 if is("upgrade") => return None,
            10 if is("connection") && !value.eq_ignore_ascii_case(b"keep-alive") => return None,
            12 if is("x-link-token") => return None,
            12 if is("x-request-id") && request_id.replace(value).is_some() => return None,
            13 if is("authorization") && authorization.replace(value).is_some() => return None,
            14 if is("content-length") && body_length.replace(length(value)?).is_some() => {
                return None;
            }
            17 if is("transfer-encoding") => return None,
            _ => {}
        }
    }
    Some(Plain { authorization, request_id, body_length: body_length? })
}

/// A length of digits alone, of a body that is not too large.
fn length(value: &[u8]) -> Option<usize> {
    let is_number = (1..=8).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(value).ok().filter(|_| is_number)?.parse().ok()?;
    (number <= BODY_BYTES).then_some(number)
}

/// The path that is compared is the route's.
const _: () = {
    let (beginning, path) = (BEGINNING, verify::PATH.as_bytes());
    let mut at = 0;
    while at < path.len() {
        assert!(beginning["POST ".len() + at] == path[at], "the path of verify");
        at += 1;
    }
    assert!(beginning["POST ".len() + at] == b' ', "no more than the path of verify");
};

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str, body: &str) -> String {
        format!("POST /api/v1/api-key/verify HTTP/1.1\r\n{headers}\r\n{body}")
    }

    #[test]
    fn a_plain_verification_is_whole_only_at_its_last_byte() {
        let text = request(
            "Host: x\r\nAUTHORIZATION: Bearer a\r\nX-Request-Id: 7\r\naccept: */*\r\n\
             connection: Keep-Alive\r\ncontent-length: 4\r\n",
            "body",
        );
        let head = text.len() - 4;
        for end in 0..head {
            assert_eq!(look(&text.as_bytes()[..end]), Look::Head, "{end}");
        }
        for end in head..text.len() {
            assert_eq!(look(&text.as_bytes()[..end]), Look::Body { length: text.len() }, "{end}");
        }
        let asked = Asked {
            authorization: Some(b"Bearer a"),
            request_id: Some(b"7"),
            body: b"body",
            length: text.len(),
        };
        // What follows is the next request's.
        let two = format!("{text}{text}");
        assert_eq!(look(two.as_bytes()), Look::Whole(asked));
    }

    #[test]
    fn whatever_is_not_plain_is_left_to_hyper() {
        for headers in [
            "",
            "content-length: 4\r\ncontent-length: 4\r\n",
            "content-length: +4\r\n",
            "content-length: 4, 4\r\n",
            "content-length: 0x4\r\n",
            "content-length: \r\n",
            "content-length: 65537\r\n",
            "content-length: 99999999999999999999\r\n",
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            "content-length: 4\r\nTransfer-Encoding: identity\r\n",
            "content-length: 4\r\nexpect: 100-continue\r\n",
            "content-length: 4\r\nupgrade: h2c\r\n",
            "content-length: 4\r\nconnection: close\r\n",
            "content-length: 4\r\nconnection: keep-alive, upgrade\r\n",
            "content-length: 4\r\nte: trailers\r\n",
            "content-length: 4\r\naccept: application/problem+json\r\n",
            "content-length: 4\r\nx-link-token: ollt_a\r\n",
            "content-length: 4\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n",
            "content-length: 4\r\nx-request-id: a\r\nx-request-id: b\r\n",
            "content-length : 4\r\n",
            " content-length: 4\r\n",
            "content-length: 4\r\n folded: yes\r\n",
            "content-length: 4\r\nna me: x\r\n",
            "content-length: 4\r\nname: a\0b\r\n",
        ] {
            let text = request(headers, "body");
            assert_eq!(look(text.as_bytes()), Look::Other, "{headers:?}");
        }
        for line in [
            "GET /api/v1/api-key/verify HTTP/1.1",
            "POST /api/v1/api-key/verify HTTP/1.0",
            "POST /api/v1/api-key/verify?x HTTP/1.1",
            "POST /api/v1/api-key/verify/ HTTP/1.1",
            "POST http://x/api/v1/api-key/verify HTTP/1.1",
            "POST  /api/v1/api-key/verify HTTP/1.1",
            "post /api/v1/api-key/verify HTTP/1.1",
            "\r\nPOST /api/v1/api-key/verify HTTP/1.1",
            "PRI * HTTP/2.0",
        ] {
            let text = format!("{line}\r\ncontent-length: 4\r\n\r\nbody");
            assert_eq!(look(text.as_bytes()), Look::Other, "{line:?}");
        }
        let many = "name: value\r\n".repeat(HEADERS) + "content-length: 4\r\n";
        assert_eq!(look(request(&many, "body").as_bytes()), Look::Other);
        let long = format!("name: {}", "x".repeat(HEAD_BYTES));
        assert_eq!(look(request(&long, "")[..].as_bytes()), Look::Other);
    }
}
