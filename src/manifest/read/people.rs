//! Reads the sections `server` and `accounts`.

use super::super::merge::{MergeReader, MergedMapping};
use super::super::schema::{ACCOUNT, SERVER, SETTINGS};
use super::super::statement::{Declaration, DeclaredAccount, Ensure, SourceLocation, Statement};
use super::super::text_format;
use super::labels::ids;
use super::{declare, first_location, refuse_other_keys, section_entries};
use crate::model::attributes::{Setting, SettingValue};
use crate::model::{Kind, Name, Role};
use crate::ops::{account, server};

/// Reads the section `server`.
pub(in crate::manifest) fn server(
    reading: &mut MergeReader<'_>,
    root: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let Some(span) = root.all("server").next().map(|found| found.location()) else { return };
    root.within(reading, ("server", &SERVER), |reading, fields| settings(reading, span, fields, statements));
}

/// Reads the settings of the server. Adds no statement if there are none.
pub(in crate::manifest) fn settings(
    reading: &mut MergeReader<'_>,
    span: SourceLocation,
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let options = server::ServerSettings {
        managers_administer_dropboxes: fields.boolean(reading, "managers-administer-dropboxes"),
        private_directory: fields.boolean(reading, "private-directory"),
        public_links: fields.word(reading, "public-links", |word| Some(word == "allow")),
        settings: choices(reading, fields),
        members_edit_workspaces: fields.boolean(reading, "members-edit-workspaces"),
        members_may_leave: fields.boolean(reading, "members-may-leave"),
        url: fields.text(reading, "url").map(str::to_owned),
    };
    if options != server::ServerSettings::default() {
        declare(statements, span, Declaration::Server(options));
    }
}

fn choices(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>) -> Vec<(Setting, SettingValue)> {
    let of = |setting: Setting| Some((setting, fields.word(reading, setting.as_str(), SettingValue::from_name)?));
    Setting::TOGGLES.into_iter().filter_map(of).collect()
}

/// Reads the section `accounts`.
pub(in crate::manifest) fn accounts(
    reading: &mut MergeReader<'_>,
    root: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    section_entries(reading, root, ("accounts", Kind::Account, &ACCOUNT), |reading, (name, entered), fields| {
        account(reading, (name, first_location(entered)), fields, statements);
    });
}

/// Reads one account.
pub(in crate::manifest) fn account(
    reading: &mut MergeReader<'_>,
    (name, location): (Name, SourceLocation),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let ensure = fields.word(reading, "ensure", |word| {
        Some(match word {
            "absent" => Ensure::Absent,
            "inactive" => Ensure::Inactive,
            _ => Ensure::Present,
        })
    });
    if ensure == Some(Ensure::Absent) {
        refuse_other_keys(reading, fields, &["transfer-to", "cascade"]);
    } else {
        for key in ["transfer-to", "cascade"] {
            if let Some(found) = fields.get(reading, key) {
                let diagnostic = reading.report(found.location(), format!("`{key}` needs `ensure: absent`"));
                diagnostic.tips.push("ensure: absent".to_owned());
            }
        }
    }
    let of_account = |text: &str| text_format::name(Kind::Account, text);
    let options = account::AccountSettings {
        role: fields.parsed(reading, "role", |word| account::parse_role(word, "")),
        email: fields.text(reading, "email").map(str::to_owned),
        display_name: fields.text(reading, "display-name").map(str::to_owned),
        expires: fields.parsed(reading, "expires", text_format::moment),
        settings: fields.within(reading, ("settings", &SETTINGS), choices).unwrap_or_default(),
        ids: ids(fields),
    };
    never_ending(reading, fields, &options, ensure);
    let account = DeclaredAccount {
        name,
        settings: options,
        ensure,
        transfer_to: fields.parsed(reading, "transfer-to", of_account),
        cascade: fields.boolean(reading, "cascade"),
        previously: fields.parsed(reading, "previously", of_account),
    };
    declare(statements, location, Declaration::Account(Box::new(account)));
}

/// An admin account is always active and never expires (docs/model.md#accounts).
fn never_ending(
    reading: &mut MergeReader<'_>,
    fields: &MergedMapping<'_>,
    options: &account::AccountSettings,
    ensure: Option<Ensure>,
) {
    if options.role != Some(Role::ServerAdmin) {
        return;
    }
    let ends = options.expires.is_some_and(|it| it != crate::model::time::Expiry::Never);
    for (key, wrong) in [("expires", ends), ("ensure", ensure == Some(Ensure::Inactive))] {
        if wrong && let Some(found) = fields.get(reading, key) {
            reading.report(found.location(), "an admin account never expires and is never inactive");
        }
    }
}
