//! [`Attributes`]: the attributes of each kind of resource, typed here and JSON in the store.
//!
//! The JSON leaves out default values, so most rows carry `{}`.

mod audits;
mod endpoints;
mod organizations;
mod server;
mod workgroups;

use serde::{Deserialize, Serialize};

use super::Time;
use super::kind::Kind;
use super::permission::Permissions;
use super::platform_id::PlatformId;
pub use super::settings::{
    AllowDeny, EndpointKind, GroupVisibility, InvitationState, ItemType, LinkStatus, MemberAccess, SendPolicy, Setting,
    SettingValue, SettingValues, ShareClass, Sharing, TokenMode, Verdict,
};
pub use audits::{Acceptance, Review, ReviewDecision};
pub use endpoints::{Endpoint, Home, Item, NodeVersion};
pub use organizations::{AccessToken, Media, Org, SigningKey, Stream, Workspace};
pub use server::{Account, ExternalId, Group, Server, Status};
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
            /// The kind of resource that the attributes belong to.
            pub const fn kind(&self) -> Kind {
                match self { $(Attributes::$kind(_) => Kind::$kind,)* }
            }

            /// The attributes as JSON, without default values.
            ///
            /// # Errors
            /// Never in practice: every field can be serialized.
            pub fn to_json(&self) -> serde_json::Result<String> {
                match self { $(Attributes::$kind(it) => serde_json::to_string(it),)* }
            }

            /// Reads the JSON that [`Attributes::to_json`] wrote.
            ///
            /// # Errors
            /// When the text was not written for the same kind.
            pub fn from_json(kind: Kind, text: &str) -> serde_json::Result<Attributes> {
                Ok(match kind { $(Kind::$kind => Attributes::$kind(serde_json::from_str(text)?),)* })
            }
        }
    };
}

attributes! {
    /// Attributes of the server.
    Server,
    /// Attributes of an account.
    Account,
    /// Attributes of a group.
    Group,
    /// Attributes of a workgroup.
    Workgroup,
    /// Attributes of a dropbox.
    Dropbox,
    /// Attributes of a package.
    Package,
    /// Attributes of a private link or an invitation.
    Invitation,
    /// Attributes of a public link.
    PublicLink,
    /// Attributes of an outside submitter.
    Invitee,
    /// Attributes of an endpoint.
    Endpoint,
    /// Attributes of a file or folder.
    Item,
    /// Attributes of an organization.
    Org,
    /// Attributes of a workspace.
    Workspace,
    /// Attributes of a signing key.
    SigningKey,
    /// Attributes of an access token.
    AccessToken,
    /// Attributes of a media file.
    Media,
    /// Attributes of a live stream.
    Stream,
    /// Attributes of an external id.
    ExternalId,
    /// Attributes of an accepted finding.
    Acceptance,
    /// Attributes of a review.
    Review,
    /// Attributes of a decision in a review.
    ReviewDecision,
}

/// The display name and the description of a resource, to read them or to change them.
#[derive(Debug)]
pub struct Texts<T> {
    /// The name that people read.
    pub display_name: T,
    /// What it is for.
    pub description: T,
}

macro_rules! texts {
    ($($kind:ident)*) => {
        $(impl $kind {
            /// The display name and the description to change.
            pub const fn texts_mut(&mut self) -> Texts<&mut Option<String>> {
                Texts { display_name: &mut self.display_name, description: &mut self.description }
            }
        })*

        impl Attributes {
            /// The display name and the description; `None` for a kind that has no such texts.
            pub fn texts(&self) -> Option<Texts<Option<&str>>> {
                match self {
                    $(Attributes::$kind(it) => Some(Texts {
                        display_name: it.display_name.as_deref(),
                        description: it.description.as_deref(),
                    }),)*
                    _ => None,
                }
            }

            /// The display name and the description to change; `None` for a kind that has no such texts.
            pub const fn texts_mut(&mut self) -> Option<Texts<&mut Option<String>>> {
                match self {
                    $(Attributes::$kind(it) => Some(it.texts_mut()),)*
                    _ => None,
                }
            }
        }
    };
}
texts!(Group Workgroup Dropbox Endpoint Org Workspace);

impl Attributes {
    /// A copy without the values that no rule reads (titles, addresses, sizes, makers), so that many
    /// resources have equal attributes.
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
            Attributes::SigningKey(_) => {
                Attributes::SigningKey(SigningKey { public_key: String::new(), by: None, created: Time(0) })
            }
            Attributes::AccessToken(it) => {
                Attributes::AccessToken(AccessToken { by: None, created: Time(0), ..it.clone() })
            }
            Attributes::Media(_) => Attributes::Media(Media::default()),
            Attributes::Stream(_) => Attributes::Stream(Stream::default()),
            others => {
                let mut others = others.clone();
                if let Some(texts) = others.texts_mut() {
                    *texts.display_name = None;
                    *texts.description = None;
                }
                others
            }
        }
    }
}

/// The attributes of a binding that have no column of their own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BindingAttributes {
    /// Whether the membership is deactivated: listed, but without effect.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive: bool,
    /// The invitation through which an outside submitter got the binding.
    #[serde(skip_serializing_if = "is_default")]
    pub invitation: Option<u64>,
    /// The permissions of a share; empty for every other role.
    #[serde(skip_serializing_if = "is_default")]
    pub permissions: Permissions,
    /// The class of a share; `None` for `user`.
    #[serde(skip_serializing_if = "is_default")]
    pub class: Option<ShareClass>,
    /// Whether a member of a workspace may upload directly into the home folder; `None` for the workspace's value.
    #[serde(skip_serializing_if = "is_default")]
    pub root_upload: Option<AllowDeny>,
    /// What the platforms call the binding, sorted. Unlike those of resources, these ids are not unique.
    #[serde(skip_serializing_if = "is_default")]
    pub ids: Vec<PlatformId>,
}

impl BindingAttributes {
    /// The attributes of a binding with columns only.
    pub const NONE: BindingAttributes = BindingAttributes {
        inactive: false,
        invitation: None,
        permissions: Permissions::NONE,
        class: None,
        root_upload: None,
        ids: Vec::new(),
    };

    /// The ids after a declaration: those of an installation replace its earlier ones, since a platform numbers a
    /// binding once.
    pub fn with_ids(&self, declared: &[PlatformId]) -> Vec<PlatformId> {
        let is_replaced = |id: &PlatformId| declared.iter().any(|new| new.instance == id.instance);
        let kept = self.ids.iter().filter(|id| !is_replaced(id)).chain(declared);
        let mut ids: Vec<PlatformId> = kept.cloned().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The class of a share.
    pub fn share_class(&self) -> ShareClass {
        self.class.unwrap_or(ShareClass::User)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;

    #[test]
    fn default_values_are_left_out() {
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
    fn an_account_is_expired_from_its_expiry_on() {
        let account = Account { expires: Some(Time(1000)), ..Account::default() };
        assert_eq!(account.status(Time(999)), Status::Active);
        assert_eq!(account.status(Time(1000)), Status::Expired);
    }
}
