//! Secrets in what the platforms answer: links that let their holder in, stream keys, tokens. A tape holds none of them.

use serde_json::Value;

/// What stands in a tape in place of a secret.
pub const STRUCK_OUT: &str = "[struck out]";

/// The names of fields that hold secrets, in lower case and without `_` and `-`.
const NAMES: [&str; 26] = [
    "accesskeysecret",
    "accesssecret",
    "accesstoken",
    "accessurl",
    "apikey",
    "bearertoken",
    "clientsecret",
    "cookie",
    "idtoken",
    "invitationurl",
    "joinurl",
    "passcode",
    "password",
    "passphrase",
    "privatekey",
    "publicurl",
    "refreshtoken",
    "secret",
    "secretkey",
    "shorturl",
    "srtplaybacksecret",
    "srtsecret",
    "streamkey",
    "token",
    "urltoken",
    "welcomeurl",
];

/// Replaces every secret in a document; returns how many there were. A secret that is an object or a list goes as a
/// whole. Null, booleans and empty texts are kept, since they say only that there is none.
pub fn strike_out(value: &mut Value) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(strike_out).sum(),
        Value::Object(fields) => fields.iter_mut().map(|(name, value)| strike_field(name, value)).sum(),
        Value::String(text) => strike_nested(text),
        _ => 0,
    }
}

fn strike_field(name: &str, value: &mut Value) -> usize {
    let says_nothing = matches!(value, Value::Null | Value::Bool(_)) || value.as_str().is_some_and(str::is_empty);
    if is_secret(name) && !says_nothing {
        let is_done = value.as_str() == Some(STRUCK_OUT);
        *value = Value::String(STRUCK_OUT.to_owned());
        return usize::from(!is_done);
    }
    strike_out(value)
}

/// Strikes out the secrets of a document that stands in a text: the tags of a permission can be JSON in a text.
fn strike_nested(text: &mut String) -> usize {
    if !text.trim_start().starts_with(['{', '[']) {
        return 0;
    }
    let Ok(mut inner) = serde_json::from_str::<Value>(text) else { return 0 };
    let count = strike_out(&mut inner);
    if count > 0 {
        *text = inner.to_string();
    }
    count
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|it| !matches!(it, '_' | '-')).flat_map(char::to_lowercase).collect();
    NAMES.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_struck_out_at_any_depth() {
        let mut document = json!({
            "data": [{"streamKey": "a1", "srtPlaybackResponse": {"srtPlaybackSecret": "b2"}, "status": "idle"}],
            "tags": "{\"url_token\": \"c3\", \"workspace_id\": \"4\"}",
            "access_url": "https://f.example/?context=d4",
            "public_url": null,
            "password": false,
            "Refresh-Token": {"value": "e5"},
        });
        assert_eq!(strike_out(&mut document), 5);
        let text = document.to_string();
        for secret in ["a1", "b2", "c3", "d4", "e5"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("idle") && text.contains("workspace_id"), "{text}");
        assert!(document["public_url"].is_null() && document["password"] == false);
        assert_eq!(strike_out(&mut document), 0, "a second time there is none");
    }
}
