//! What is known of each kind of resource besides its name: typed here, JSON in the store.
//!
//! Values that are the default are left out of the JSON, so most rows carry `{}`.

mod endpoints;
mod organizations;
mod server;
mod workgroups;

use serde::{Deserialize, Serialize};

use super::Time;
pub use super::attribute_values::{setting_field, time_value};
use super::kind::Kind;
use super::permission::Permissions;
pub use super::settings::{
    AllowDeny, EndpointKind, GroupVisibility, InvitationState, ItemType, MemberAccess, SendPolicy, Setting,
    SettingValue, SettingValues, ShareClass, Sharing, TokenMode,
};
pub use endpoints::{Endpoint, Home, Item, NodeVersion};
pub use organizations::{AccessToken, Media, Org, OrgRole, SigningKey, Stream, Workspace};
pub use server::{Account, Group, Server, Status};
pub use workgroups::{AdminRights, Dropbox, File, Invitation, Invitee, Package, PublicLink, Workgroup};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_yes(value: &bool) -> bool {
    *value
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// The attributes of a resource, by kind.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Attributes { $($(#[$doc])* $kind($kind),)* }

        impl Attributes {
            /// The kind they belong to.
            pub const fn kind(&self) -> Kind {
                match self { $(Attributes::$kind(_) => Kind::$kind,)* }
            }

            /// As JSON, without what is default.
            ///
            /// # Errors
            /// None in practice: every field can be written.
            pub fn to_json(&self) -> serde_json::Result<String> {
                match self { $(Attributes::$kind(it) => serde_json::to_string(it),)* }
            }

            /// From JSON.
            ///
            /// # Errors
            /// When the text was not written by [`Attributes::to_json`] of the same kind.
            pub fn from_json(kind: Kind, text: &str) -> serde_json::Result<Attributes> {
                Ok(match kind { $(Kind::$kind => Attributes::$kind(serde_json::from_str(text)?),)* })
            }
        }
    };
}

attributes! {
    /// Of the server.
    Server,
    /// Of an account.
    Account,
    /// Of a group.
    Group,
    /// Of a workgroup.
    Workgroup,
    /// Of a dropbox.
    Dropbox,
    /// Of a package.
    Package,
    /// Of a private link or an invitation.
    Invitation,
    /// Of a public link.
    PublicLink,
    /// Of an outside submitter.
    Invitee,
    /// Of an endpoint.
    Endpoint,
    /// Of a file or folder.
    Item,
    /// Of an organization.
    Org,
    /// Of a workspace.
    Workspace,
    /// Of a signing key.
    SigningKey,
    /// Of an access token.
    AccessToken,
    /// Of a media file.
    Media,
    /// Of a live stream.
    Stream,
}

impl Attributes {
    /// The same without what no rule reads, so that many resources have equal ones: titles,
    /// addresses, sizes, who made it.
    #[must_use]
    pub fn policy_view(&self) -> Attributes {
        match self {
            Attributes::Account(it) => Attributes::Account(Account { email: None, display_name: None, ..it.clone() }),
            Attributes::Item(it) => Attributes::Item(Item { size: None, ..it.clone() }),
            Attributes::Package(it) => Attributes::Package(Package {
                title: String::new(),
                sender: it.sender,
                recipients: Vec::new(),
                external: Vec::new(),
                files: Vec::new(),
                sent: Time(0),
                forwarded: None,
            }),
            Attributes::Org(_) => Attributes::Org(Org::default()),
            Attributes::Workspace(it) => Attributes::Workspace(Workspace { description: None, ..it.clone() }),
            Attributes::SigningKey(_) => {
                Attributes::SigningKey(SigningKey { public_key: String::new(), by: None, created: Time(0) })
            }
            Attributes::AccessToken(it) => {
                Attributes::AccessToken(AccessToken { by: None, created: Time(0), ..it.clone() })
            }
            Attributes::Media(_) => Attributes::Media(Media::default()),
            Attributes::Stream(_) => Attributes::Stream(Stream::default()),
            all_of_it => all_of_it.clone(),
        }
    }
}

/// What a binding carries besides its columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BindingAttributes {
    /// A membership that was deactivated: listed, and gives nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive: bool,
    /// The invitation an outside submitter came by.
    #[serde(skip_serializing_if = "is_default")]
    pub invitation: Option<u64>,
    /// What a share gives; empty for every other role.
    #[serde(skip_serializing_if = "is_default")]
    pub permissions: Permissions,
    /// Where a share comes from; none for one that somebody made of what they hold.
    #[serde(skip_serializing_if = "is_default")]
    pub class: Option<ShareClass>,
    /// Whether a member of a workspace uploads straight into the home folder; none as the workspace says.
    #[serde(skip_serializing_if = "is_default")]
    pub root_upload: Option<AllowDeny>,
}

impl BindingAttributes {
    /// Of a binding with nothing besides its columns.
    pub const NONE: BindingAttributes = BindingAttributes {
        inactive: false,
        invitation: None,
        permissions: Permissions::NONE,
        class: None,
        root_upload: None,
    };

    /// Where a share comes from.
    pub fn share_class(&self) -> ShareClass {
        self.class.unwrap_or(ShareClass::User)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;

    #[test]
    fn what_is_default_is_left_out() {
        let defaults = [
            Attributes::Server(Server::default()),
            Attributes::Account(Account::default()),
            Attributes::Group(Group::default()),
            Attributes::Workgroup(Workgroup::default()),
            Attributes::Dropbox(Dropbox::default()),
            Attributes::Endpoint(Endpoint::of_kind(EndpointKind::Host)),
            Attributes::Item(Item::FOLDER),
            Attributes::Org(Org::default()),
            Attributes::Workspace(Workspace::default()),
            Attributes::Media(Media::default()),
        ];
        for attributes in defaults {
            assert_eq!(attributes.to_json().unwrap(), "{}");
            assert_eq!(Attributes::from_json(attributes.kind(), "{}").unwrap(), attributes);
        }
    }

    #[test]
    fn an_account_expires_at_the_very_moment() {
        let account = Account { expires: Some(Time(1000)), ..Account::default() };
        assert_eq!(account.status(Time(999)), Status::Active);
        assert_eq!(account.status(Time(1000)), Status::Expired);
    }
}
