//! The key list with a query.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::app::{Client, NOW, TestApp, grant};

fn names(reply: &Value) -> Vec<&str> {
    let keys = reply["apiKeys"].as_array().expect("a list");
    keys.iter().map(|key| key["name"].as_str().expect("a name")).collect()
}

/// Seven keys of two customers.
async fn filled() -> TestApp {
    let app = TestApp::new().await;
    for (name, customer, more) in [
        ("Alpha", "northwind", json!({})),
        ("bravo", "northwind", json!({ "expiresAt": NOW + 60_000 })),
        ("Charlie", "northwind", json!({ "enabled": false })),
        ("délta", "northwind", json!({ "scopes": [grant("metrics", "update")] })),
        ("ECHO", "contoso", json!({})),
        ("foxtrot", "northwind", json!({ "expiresAt": NOW + 1_000_000_000 })),
        ("golf", "northwind", json!({})),
    ] {
        let mut more = more;
        more["name"] = json!(name);
        app.create_key_with(customer, more).await;
        app.advance(1);
    }
    app
}

async fn list(app: &TestApp, client: &Client, query: &str) -> Value {
    client.get(&format!("{}?{query}", app.path("api-key"))).await.succeeded().body
}

#[tokio::test]
async fn conditions_choose_and_hold_at_once() {
    let app = filled().await;
    for (query, expected) in [
        ("q=ALPHA", vec!["Alpha"]),
        ("q=D%C3%89L", vec!["délta"]),
        ("q=%25", vec![]),
        ("q=char&status=disabled", vec!["Charlie"]),
        ("q=char&status=active", vec![]),
        ("status=disabled", vec!["Charlie"]),
        ("status=expiring", vec!["bravo"]),
        ("status=expired", vec![]),
        ("status=rotating", vec![]),
        ("scope=metrics", vec!["délta"]),
        ("scope=payroll", vec![]),
        ("customerId=contoso", vec!["ECHO"]),
        (
            "customerId=northwind&status=active&scope=deployments",
            vec!["golf", "foxtrot", "bravo", "Alpha"],
        ),
        ("lastUsed=never&customerId=contoso", vec!["ECHO"]),
        ("lastUsed=unused90d", vec![]),
        ("sort=name", vec!["Alpha", "bravo", "Charlie", "délta", "ECHO", "foxtrot", "golf"]),
        (
            "sort=expires&status=active&scope=deployments&customerId=northwind",
            vec!["bravo", "foxtrot", "Alpha", "golf"],
        ),
        ("sort=created&status=active", vec!["Alpha", "bravo", "délta", "ECHO", "foxtrot", "golf"]),
    ] {
        assert_eq!(names(&list(&app, &app.sdk(), query).await), expected, "{query}");
    }
    app.advance(120);
    assert_eq!(names(&list(&app, &app.sdk(), "status=expired").await), ["bravo"]);
}

#[tokio::test]
async fn a_key_is_found_by_its_id_and_by_what_is_shown_of_its_secret() {
    let app = filled().await;
    let key = app.create_key("northwind").await;
    for shown in ["id", "maskedKey"] {
        let text = key[shown].as_str().expect("a text");
        let found = list(&app, &app.sdk(), &format!("q={text}")).await;
        assert_eq!(found["apiKeys"][0]["id"], key["id"], "{shown}");
        assert_eq!(found["apiKeys"].as_array().map(Vec::len), Some(1), "{shown}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_say_how_many_there_are() {
    let app = filled().await;
    let whole = list(&app, &app.sdk(), "").await;
    assert_eq!(whole.as_object().map(serde_json::Map::len), Some(1), "as the original: {whole}");
    for sort in
        ["created", "-created", "name", "-name", "lastUsed", "-lastUsed", "expires", "-expires"]
    {
        let expected = list(&app, &app.sdk(), &format!("sort={sort}")).await;
        let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            pages += 1;
            let query = format!("sort={sort}&limit=3&cursor={cursor}");
            let answer = list(&app, &app.sdk(), &query).await;
            assert_eq!(answer["total"], json!(7), "{sort}");
            found.extend(names(&answer).into_iter().map(str::to_owned));
            match answer.get("nextCursor").expect("there") {
                Value::Null => break,
                next => next.as_str().expect("text").clone_into(&mut cursor),
            }
        }
        assert_eq!(
            (found, pages),
            (names(&expected).into_iter().map(str::to_owned).collect(), 3),
            "{sort}"
        );
    }
}

#[tokio::test]
async fn a_page_does_not_move_when_keys_come_and_go() {
    let app = filled().await;
    let first = list(&app, &app.sdk(), "limit=2").await;
    assert_eq!(names(&first), ["golf", "foxtrot"]);
    app.create_key("northwind").await;
    app.sdk().delete(&app.key_path(&first["apiKeys"][1])).await.succeeded();
    let cursor = first["nextCursor"].as_str().expect("more");
    let second = list(&app, &app.sdk(), &format!("limit=2&cursor={cursor}")).await;
    assert_eq!(names(&second), ["ECHO", "délta"]);
    assert_eq!(second["total"], json!(7), "as of the first page");
}

#[tokio::test]
async fn a_browser_sees_its_own_customers_keys_whatever_it_asks_for() {
    let app = filled().await;
    let browser = app.link("northwind").await;
    assert_eq!(names(&list(&app, &browser, "q=echo").await), Vec::<&str>::new());
    assert_eq!(names(&list(&app, &browser, "customerId=contoso").await), Vec::<&str>::new());
    let page = list(&app, &browser, "limit=1").await;
    assert_eq!(page["total"], json!(6));
    // A cursor of the server's list places, and permits nothing.
    let foreign = list(&app, &app.sdk(), "sort=name&limit=4").await;
    let cursor = foreign["nextCursor"].as_str().expect("more");
    let rest = list(&app, &browser, &format!("sort=name&cursor={cursor}")).await;
    assert_eq!(names(&rest), ["foxtrot", "golf"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let app = filled().await;
    let path = app.path("api-key");
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("status=sleeping", "status"),
        ("lastUsed=yesterday", "lastUsed"),
        ("sort=random", "sort"),
        ("includeDeleted=1", "includeDeleted"),
        (&format!("q={}", "x".repeat(256)), "q"),
    ] {
        let reply = app.sdk().get(&format!("{path}?{query}")).await;
        reply.refused(400, "invalid_query", field);
    }
    let reply = app.sdk().get(&format!("{path}?q=%00")).await;
    reply.refused(400, "control_character", "q");
    let page = list(&app, &app.sdk(), "limit=1").await;
    let cursor = page["nextCursor"].as_str().expect("more");
    for query in [
        "cursor=x",
        "cursor=e30",
        &format!("cursor={cursor}&sort=name"),
        &format!("cursor={cursor}&q=a"),
    ] {
        let reply = app.sdk().get(&format!("{path}?{query}")).await;
        reply.refused(400, "invalid_cursor", "cursor");
    }
    // A name that no key has, because PostgreSQL has no such text.
    let page = list(&app, &app.sdk(), "limit=1&sort=name").await;
    let cursor = page["nextCursor"].as_str().expect("more");
    let text = BASE64URL_NOPAD.decode(cursor.as_bytes()).expect("base64url");
    let text = String::from_utf8(text).expect("JSON").replace(r#""name":""#, r#""name":"\u0000"#);
    let cursor = BASE64URL_NOPAD.encode(text.as_bytes());
    let reply = app.sdk().get(&format!("{path}?limit=1&sort=name&cursor={cursor}")).await;
    reply.refused(400, "invalid_cursor", "cursor");
}
