//! The commands that mend findings, as typed.

use crate::model::attributes::ShareClass;
use crate::model::name::shell_quote;
use crate::model::{Binding, Id, Kind, Permissions, Problem, Role};
use crate::ops::Transaction;
use crate::ops::revocation::{Revocation, revoke};
use crate::ops::share::OrphanSearch;
use crate::ops::share::cascade::{Loss, accounts_in, dependents};
use crate::policy::{Actor, BindingQuery, Facts};

use super::FindingSearch;

/// The name of a resource as commands of its noun take it: without its kind, and quoted where a shell needs it.
pub(super) fn typed(facts: &dyn Facts, id: Id) -> Result<String, Problem> {
    // told: a finding is told only to readers who see what it names.
    let reference = facts.reference(id)?;
    let bare = match facts.header(id)?.map(|header| header.kind()) {
        Some(Kind::Item) | None => reference.as_str(),
        Some(_) => reference.split_once(':').map_or(reference.as_str(), |(_, name)| name),
    };
    Ok(shell_quote(bare))
}

/// The name of a principal as commands take it: an account by its name, others with their kind.
pub(super) fn typed_principal(facts: &dyn Facts, id: Id) -> Result<String, Problem> {
    match facts.header(id)?.map(|header| header.kind()) {
        Some(Kind::Account) => typed(facts, id),
        // told: a finding is told only to readers who see what it names.
        _ => Ok(shell_quote(&facts.reference(id)?)),
    }
}

/// The command that gives an account an administrator's role.
pub(super) fn role_command(facts: &dyn Facts, on: Id, role: Role, account: Id) -> Result<String, Problem> {
    let (on, who, word) = (typed(facts, on)?, typed(facts, account)?, role.as_str());
    Ok(match role.resource_kind() {
        Kind::Server => format!("rolebook account set-role {who} {word}"),
        Kind::Org => format!("rolebook org set-role {on} {who} {word}"),
        _ => format!("rolebook endpoint add-role {on} {word} {who}"),
    })
}

impl FindingSearch<'_> {
    /// The commands that take a binding away, after those that lower what would lose its base; none if no command does.
    pub(super) fn take_away(&self, binding: &Binding) -> Result<Vec<String>, Problem> {
        let mut commands = Vec::new();
        for Loss { share, lost, .. } in self.left_orphaned(binding)? {
            commands.push(self.lower(&share, share.attributes.permissions.without(lost))?);
        }
        commands.extend(self.take_away_alone(binding)?);
        Ok(commands)
    }

    /// The command that takes a binding away on which nothing rests; none if no command does.
    pub(super) fn take_away_alone(&self, binding: &Binding) -> Result<Vec<String>, Problem> {
        let facts = self.facts;
        let (on, who) = (typed(facts, binding.resource)?, typed_principal(facts, binding.principal)?);
        // What comes and goes with something else has no command of its own.
        let Some(revocation) = Revocation::of(binding) else { return Ok(Vec::new()) };
        let command = match revocation {
            Revocation::AccountRole => format!("account set-role {who} {}", Role::ServerUser.as_str()),
            Revocation::Member => format!("{} remove-member {on} {who}", binding.role.resource_kind().command()),
            Revocation::Link(link) => format!("dropbox revoke {on} invitation:{link}"),
            Revocation::EndpointRole => format!("endpoint remove-role {on} {} {who}", binding.role.as_str()),
            Revocation::Owner => format!("content set {on} --owner none"),
            Revocation::Share => return Ok(vec![self.share_command("revoke", binding, Permissions::NONE, "")?]),
        };
        Ok(vec![format!("rolebook {command}")])
    }

    /// The shares that would give more than their sharers hold once a binding is taken away. To revoke a share trims those
    /// itself.
    fn left_orphaned(&self, binding: &Binding) -> Result<Vec<Loss>, Problem> {
        if binding.role == Role::ItemShare {
            return Ok(Vec::new());
        }
        let mut made = Vec::new();
        for account in accounts_in(self.facts, binding.principal)?.unwrap_or_default() {
            made.extend(self.facts.list_bindings(BindingQuery::SharesBy(account))?);
        }
        if made.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = Transaction::trial(self.facts, Actor::Operator, self.at)?;
        if revoke(&mut tx, binding, false).is_err() {
            return Ok(Vec::new());
        }
        let orphans = |facts: &dyn Facts| {
            let mut search = OrphanSearch::default();
            made.iter().try_for_each(|share| search.add(facts, share.clone(), self.at))?;
            search.losses(facts, self.at)
        };
        let (before, mut after) = (orphans(self.facts)?, orphans(tx.facts())?);
        after.retain(|it| {
            !it.lost.is_empty() && !before.iter().any(|was| was.share.id == it.share.id && was.lost == it.lost)
        });
        Ok(after)
    }

    /// The command that lowers a share to a set of permissions.
    pub(super) fn lower(&self, share: &Binding, set: Permissions) -> Result<String, Problem> {
        if set.is_empty() {
            return self.share_command("revoke", share, set, "");
        }
        self.share_command("set", share, set, &format!(" --permission {}", set.typed()))
    }

    fn share_command(&self, verb: &str, share: &Binding, left: Permissions, options: &str) -> Result<String, Problem> {
        let item = typed(self.facts, share.resource)?;
        let who = typed_principal(self.facts, share.principal)?;
        let by = match share.grantor {
            // told: a reader who sees a share sees its sharer.
            Some(sharer) => shell_quote(self.history.reference(sharer)?.trim_start_matches("user:")),
            None => "operator".to_owned(),
        };
        let class = match share.attributes.share_class() {
            ShareClass::User => String::new(),
            class => format!(" --class {}", class.as_str()),
        };
        let cascade = if self.has_dependents(share, left)? { " --cascade --yes" } else { "" };
        Ok(format!("rolebook share {verb} {item} {who}{options} --by {by}{class}{cascade}"))
    }

    /// Whether other shares rest on what a share would lose.
    fn has_dependents(&self, share: &Binding, left: Permissions) -> Result<bool, Problem> {
        let tx = Transaction::trial(self.facts, Actor::Operator, self.at)?;
        Ok(!dependents(&tx, share, (left, share.expires))?.is_empty())
    }
}
