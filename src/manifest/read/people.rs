//! The server and the accounts.

use super::super::fields::{Fields, Reading};
use super::super::form;
use super::super::said::{Account, Ensure, Said, Spot, Statement};
use super::super::tables::{ACCOUNT, SERVER, SETTINGS};
use super::{alone, say, spot, things};
use crate::model::attributes::{Setting, SettingValue};
use crate::model::{Kind, Name, Role};
use crate::ops::{account, server};

/// What is said of the server.
pub(in crate::manifest) fn server(reading: &mut Reading<'_>, root: &Fields<'_>, said: &mut Vec<Statement>) {
    let Some(span) = root.all("server").next().map(|found| found.spot()) else { return };
    root.within(reading, ("server", &SERVER), |reading, fields| settings(reading, span, fields, said));
}

/// The server's settings.
pub(in crate::manifest) fn settings(
    reading: &mut Reading<'_>,
    span: Spot,
    fields: &Fields<'_>,
    said: &mut Vec<Statement>,
) {
    let options = server::ServerSettings {
        managers_administer_dropboxes: fields.truth(reading, "managers-administer-dropboxes"),
        private_directory: fields.truth(reading, "private-directory"),
        public_links: fields.word(reading, "public-links", |word| Some(word == "allow")),
        settings: choices(reading, fields),
        members_edit_workspaces: fields.truth(reading, "members-edit-workspaces"),
        members_may_leave: fields.truth(reading, "members-may-leave"),
        url: fields.text(reading, "url").map(str::to_owned),
    };
    if options != server::ServerSettings::default() {
        say(said, span, Said::Server(options));
    }
}

fn choices(reading: &mut Reading<'_>, fields: &Fields<'_>) -> Vec<(Setting, SettingValue)> {
    let of = |setting: Setting| Some((setting, fields.word(reading, setting.as_str(), SettingValue::from_name)?));
    Setting::TOGGLES.into_iter().filter_map(of).collect()
}

/// What is said of accounts.
pub(in crate::manifest) fn accounts(reading: &mut Reading<'_>, root: &Fields<'_>, said: &mut Vec<Statement>) {
    things(reading, root, ("accounts", Kind::Account, &ACCOUNT), |reading, (name, entered), fields| {
        account(reading, (name, spot(entered)), fields, said);
    });
}

/// What is said of one account.
pub(in crate::manifest) fn account(
    reading: &mut Reading<'_>,
    (name, spot): (Name, Spot),
    fields: &Fields<'_>,
    said: &mut Vec<Statement>,
) {
    let ensure = fields.word(reading, "ensure", |word| {
        Some(match word {
            "absent" => Ensure::Absent,
            "inactive" => Ensure::Inactive,
            _ => Ensure::Present,
        })
    });
    if ensure == Some(Ensure::Absent) {
        alone(reading, fields, &["transfer-to", "cascade"]);
    } else {
        for key in ["transfer-to", "cascade"] {
            if let Some(found) = fields.get(reading, key) {
                let diagnostic = reading.mistake(found.spot(), format!("`{key}` is for an account that goes"));
                diagnostic.tips.push("ensure: absent".to_owned());
            }
        }
    }
    let of_account = |text: &str| form::name(Kind::Account, text);
    let options = account::AccountSettings {
        role: fields.parsed(reading, "role", |word| account::parse_role(word, "")),
        email: fields.text(reading, "email").map(str::to_owned),
        display_name: fields.text(reading, "display-name").map(str::to_owned),
        expires: fields.parsed(reading, "expires", form::moment),
        settings: fields.within(reading, ("settings", &SETTINGS), choices).unwrap_or_default(),
    };
    never_ending(reading, fields, &options, ensure);
    let account = Account {
        name,
        options,
        ensure,
        transfer_to: fields.parsed(reading, "transfer-to", of_account),
        cascade: fields.truth(reading, "cascade"),
        previously: fields.parsed(reading, "previously", of_account),
    };
    say(said, spot, Said::Account(Box::new(account)));
}

/// An admin account is always active and never expires (docs/model.md#accounts).
fn never_ending(
    reading: &mut Reading<'_>,
    fields: &Fields<'_>,
    options: &account::AccountSettings,
    ensure: Option<Ensure>,
) {
    if options.role != Some(Role::ServerAdmin) {
        return;
    }
    let ends = options.expires.is_some_and(|it| it != crate::model::time::Expiry::Never);
    for (key, wrong) in [("expires", ends), ("ensure", ensure == Some(Ensure::Inactive))] {
        if wrong && let Some(found) = fields.get(reading, key) {
            reading.mistake(found.spot(), "an admin account never expires and is never inactive");
        }
    }
}
