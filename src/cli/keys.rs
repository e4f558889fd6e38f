//! The `signing-key` and `access-token` commands: their arguments and their output.
//!
//! Keys and secrets are generated here, since the layers below have no source of randomness. Each is printed once, to
//! standard output.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Map, Value, json};

use super::args::{PageArgs, ReadArgs, SecretSource, WriteArgs, numbers, org_or_workspace, token_modes, workspace};
use super::change::{ActingAs, IssuedSecrets};
use super::links::{new_secret, random_bytes, read_secret_of};
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{Attributes, TokenMode};
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::time::time_value;
use crate::model::{Kind, Name, Problem, ProblemKind, Reference, Resource};
use crate::ops::key;
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::SIGNING_KEY)]
pub(super) struct SigningKeyArgs {
    #[command(subcommand)]
    command: SigningKeyCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum SigningKeyCommand {
    /// Create a signing key of an organization or a workspace
    ///
    /// An Ed25519 pair. The private key is shown once, here (PKCS#8 in PEM), and kept nowhere; the
    /// public key is kept.
    #[command(after_long_help = examples::SIGNING_KEY_CREATE)]
    Create(CreateKeyArgs),
    /// List the signing keys of an organization or a workspace
    #[command(after_long_help = examples::SIGNING_KEY_LIST)]
    List(ListArgs),
    /// Show one signing key, with its public key
    #[command(after_long_help = examples::SIGNING_KEY_SHOW)]
    Show(ShowKeyArgs),
    /// Delete a signing key; what it signed is no longer valid
    #[command(after_long_help = examples::SIGNING_KEY_DELETE)]
    Delete(DeleteKeyArgs),
}

#[derive(Args, Debug)]
struct CreateKeyArgs {
    /// The organization, or one of its workspaces as `ORG/NAME`
    #[arg(value_name = "ORG[/NAME]", value_parser = org_or_workspace, add = complete::orgs_and_workspaces())]
    on: Reference,
    #[command(flatten)]
    writing: WriteArgs,
}

// An organization or a workspace, whose keys, tokens, media files or streams are listed.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// The organization, or one of its workspaces as `ORG/NAME`
    #[arg(value_name = "ORG[/NAME]", value_parser = org_or_workspace, add = complete::orgs_and_workspaces())]
    pub(super) on: Reference,
    #[command(flatten)]
    pub(super) paging: PageArgs,
    #[command(flatten)]
    pub(super) reading: ReadArgs,
}

#[derive(Args, Debug)]
struct ShowKeyArgs {
    /// The number of the key
    #[arg(value_name = "KEY", value_parser = numbers(Kind::SigningKey), add = complete::signing_keys())]
    key: Reference,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct DeleteKeyArgs {
    /// The number of the key
    #[arg(value_name = "KEY", value_parser = numbers(Kind::SigningKey), add = complete::signing_keys())]
    key: Reference,
    #[command(flatten)]
    writing: WriteArgs,
}

/// Generates a key pair: the private key as PKCS#8 in PEM, and the public key as SubjectPublicKeyInfo in PEM.
fn new_pair() -> Result<(Secret, String), Problem> {
    /// The bytes before the 32 bytes of a public Ed25519 key in DER (RFC 8410).
    const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];
    let (pair, private) = new_private_key()?;
    Ok((private, pem("PUBLIC KEY", &[PUBLIC.as_slice(), pair.public_key().as_ref()].concat())))
}

/// Generates an Ed25519 key: the key itself, and its text as PKCS#8 in PEM.
pub(super) fn new_private_key() -> Result<(Ed25519KeyPair, Secret), Problem> {
    /// The bytes before the 32 bytes of a private Ed25519 key in DER (RFC 8410).
    const PRIVATE: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let seed = random_bytes()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| Problem::new(ProblemKind::Store, "no_key", "no key can be made of the system's randomness"))?;
    Ok((pair, Secret::from_text(pem("PRIVATE KEY", &[PRIVATE.as_slice(), &seed].concat()))))
}

/// Encodes bytes in PEM. Those of an Ed25519 key fit in one line, so this breaks none.
fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

static KEYS: [Column; 6] =
    [key("ref"), shown("of"), shown("by"), shown("created"), hidden("public_key"), hidden("revision")];

/// The organization or workspace that a resource belongs to, as a reference.
fn owner_of(view: &ReadView<'_>, resource: &Resource) -> Result<Option<String>, Problem> {
    resource.parent.map(|id| view.name(id)).transpose()
}

fn key_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    let Attributes::SigningKey(it) = &resource.attributes else { return Ok(Map::new()) };
    Ok(row(
        &KEYS,
        [
            json!(resource.reference()),
            json!(owner_of(view, resource)?),
            json!(view.actor_name(it.by)?),
            json!(it.created.to_string()),
            json!(it.public_key),
            json!(resource.since),
        ],
    ))
}

impl SigningKeyArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            SigningKeyCommand::Create(it) => {
                let (private, public) = new_pair()?;
                let outcome = session
                    .write(&it.writing, ActingAs::Named, &mut |tx| key::create_signing_key(tx, &it.on, &public))?;
                let secrets =
                    if outcome.is_committed() { IssuedSecrets::secret(private) } else { IssuedSecrets::default() };
                session.report(&outcome, &secrets)
            }
            SigningKeyCommand::List(it) => session.read(it.reading.at.as_deref(), |session, view| {
                let found = key::signing_keys(&view.transaction()?, &it.on)?;
                session.list(&KEYS, found.iter().map(|it| key_row(view, it)), &it.paging)
            }),
            SigningKeyCommand::Show(it) => {
                let which = &it.key;
                session.read(it.reading.at.as_deref(), |session, view| {
                    let found = view.transaction()?.find_reference(Kind::SigningKey, which)?;
                    session.show(&KEYS, key_row(view, &found)?)
                })
            }
            SigningKeyCommand::Delete(it) => {
                let which = &it.key;
                session.change(&it.writing, |tx| key::delete_signing_key(tx, which))
            }
        }
    }
}

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::ACCESS_TOKEN)]
pub(super) struct AccessTokenArgs {
    #[command(subcommand)]
    command: AccessTokenCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum AccessTokenCommand {
    /// Create an access token of a workspace
    ///
    /// Its secret is shown once, here; the store keeps its SHA-256.
    #[command(after_long_help = examples::ACCESS_TOKEN_CREATE)]
    Create(CreateTokenArgs),
    /// List the access tokens of an organization or a workspace, including ended ones
    #[command(after_long_help = examples::ACCESS_TOKEN_LIST)]
    List(ListArgs),
    /// Show one access token
    #[command(after_long_help = examples::ACCESS_TOKEN_SHOW)]
    Show(ShowTokenArgs),
    /// Revoke an access token; it stays listed
    #[command(after_long_help = examples::ACCESS_TOKEN_REVOKE)]
    Revoke(RevokeTokenArgs),
    /// Show what the token of a secret may do
    ///
    /// For the holder of the secret. The answer is the same for a token that is unknown, revoked,
    /// expired or of another workspace.
    #[command(after_long_help = examples::ACCESS_TOKEN_VERIFY)]
    Verify(VerifyTokenArgs),
}

#[derive(Args, Debug)]
struct CreateTokenArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace, add = complete::workspaces())]
    workspace: (Name, Name),
    /// What the token may do
    #[arg(long, value_name = "MODE", required = true, value_parser = token_modes())]
    mode: TokenMode,
    /// When it expires: a length such as `90d`, a day, a time, or `never` (a day begins at 00:00 UTC) [default: never]
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ShowTokenArgs {
    /// The number of the token
    #[arg(value_name = "TOKEN", value_parser = numbers(Kind::AccessToken), add = complete::tokens())]
    token: Reference,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct RevokeTokenArgs {
    /// The number of the token
    #[arg(value_name = "TOKEN", value_parser = numbers(Kind::AccessToken), add = complete::tokens())]
    token: Reference,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct VerifyTokenArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace)]
    workspace: (Name, Name),
    /// The file that holds the token's secret, or `-` for standard input
    #[arg(long, value_name = "FILE|-", allow_hyphen_values = true, value_parser = clap::value_parser!(SecretSource))]
    secret: SecretSource,
    #[command(flatten)]
    reading: ReadArgs,
}

static TOKENS: [Column; 8] = [
    key("ref"),
    shown("workspace"),
    shown("mode"),
    shown("status"),
    shown("expires"),
    shown("by"),
    hidden("created"),
    hidden("revision"),
];

fn token_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    let Some(it) = resource.as_token() else { return Ok(Map::new()) };
    Ok(row(
        &TOKENS,
        [
            json!(resource.reference()),
            json!(owner_of(view, resource)?),
            json!(it.mode),
            json!(it.status(view.at).as_str()),
            time_value(it.expires),
            json!(view.actor_name(it.by)?),
            json!(it.created.to_string()),
            json!(resource.since),
        ],
    ))
}

impl CreateTokenArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (org, name) = &self.workspace;
        let (on, expires, secret) = (Reference::Workspace(org.clone(), name.clone()), self.expires, new_secret()?);
        let outcome = session
            .write(&self.writing, ActingAs::Named, &mut |tx| key::create_token(tx, &on, self.mode, expires, &secret))?;
        let secrets = if outcome.is_committed() { IssuedSecrets::secret(secret) } else { IssuedSecrets::default() };
        session.report(&outcome, &secrets)
    }
}

impl VerifyTokenArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        // The holder of a token need not know who made it.
        const COLUMNS: [Column; 4] = [shown("ref"), shown("workspace"), shown("mode"), shown("expires")];
        let (org, name) = &self.workspace;
        let secret = read_secret_of("--secret", &self.secret)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let token = key::verify(&view.transaction()?, org, name, &secret)?;
            let mut fields = token_row(view, &token)?;
            fields.retain(|name, _| COLUMNS.iter().any(|column| column.name == *name));
            session.show(&COLUMNS, fields)
        })
    }
}

impl AccessTokenArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            AccessTokenCommand::Create(it) => it.run(session),
            AccessTokenCommand::List(it) => session.read(it.reading.at.as_deref(), |session, view| {
                let found = key::tokens(&view.transaction()?, &it.on)?;
                session.list(&TOKENS, found.iter().map(|it| token_row(view, it)), &it.paging)
            }),
            AccessTokenCommand::Show(it) => {
                let which = &it.token;
                session.read(it.reading.at.as_deref(), |session, view| {
                    let found = view.transaction()?.find_reference(Kind::AccessToken, which)?;
                    session.show(&TOKENS, token_row(view, &found)?)
                })
            }
            AccessTokenCommand::Revoke(it) => {
                let which = &it.token;
                session.change(&it.writing, |tx| key::revoke_token(tx, which))
            }
            AccessTokenCommand::Verify(it) => it.run(session),
        }
    }
}
