//! The text of refusals: the invariant that a change would break, or the rule that denies it with the commands
//! that would allow it.

use super::remedy::{offers, remedies};
use super::separation::{ConflictSearch, Missing};
use super::{Result, Transaction};
use crate::model::catalogue::{ADMINS_DO_NOT_END, CUSTOM_SETS, ROOT_STAYS};
use crate::model::{Action, Binding, Id, Kind, Problem, Role, Verb};
use crate::policy::invariants::{self, Violation};
use crate::policy::{Decision, Facts, Question};

impl Transaction<'_> {
    /// Checks every invariant and every enforced conflict on the state with the draft.
    ///
    /// # Errors
    /// A conflict that names the invariant or the rights that should not be together.
    pub fn check(&self) -> Result<()> {
        match invariants::first_violation(self.facts().base(), self.facts(), self.facts().draft(), self.at)? {
            None => self.check_conflicts(),
            Some(Violation::LastAdmin) => {
                Err(Problem::conflict("last_admin", "this would leave the server without an active admin")
                    .why("the last active admin can be neither demoted, deactivated nor deleted")
                    .tip("make somebody else an admin first: rolebook account set-role NAME admin"))
            }
            Some(Violation::AdminWouldEnd(id)) => Err(self.admin_would_end(id)?),
            Some(Violation::LastAdministrator(id)) => Err(self.last_administrator(id, "")?),
            Some(Violation::AdministratorWouldEnd(id)) => {
                Err(self.last_administrator(id, " once an expiry has passed")?)
            }
            Some(Violation::Unfit(id, bindings)) => Err(self.unfit(id, &bindings)?),
            Some(Violation::Cycle(group, member)) => Err(Problem::conflict(
                "group_cycle",
                format!("{} cannot be a member of {}: a cycle", self.name(member)?, self.name(group)?),
            )
            .why("groups nest, but none may contain itself")),
        }
    }

    /// Refuses a draft after which an account violates an enforced conflict that it did not violate before.
    fn check_conflicts(&self) -> Result<()> {
        let (before, after) = (self.facts().base(), self.facts() as &dyn Facts);
        // A conflict may name what is still to be made.
        let after = ConflictSearch::new(after, self.at, Missing::Skip);
        for conflict in self.enforced.iter() {
            let mut violators = after.violators(conflict)?;
            if !violators.is_empty() {
                let before = ConflictSearch::new(before, self.at, Missing::Skip).violators(conflict)?;
                violators.retain(|it| !before.iter().any(|before| before.account == it.account));
            }
            let Some(first) = violators.first() else { continue };
            let held = after.phrase(conflict, first, &|id| self.name(id))?;
            let message = format!("this would make {} violate `{}`", self.name(first.account)?, conflict.name);
            let mut problem = Problem::conflict("separation_of_duties", message).why(match &conflict.why {
                Some(why) => format!("{why}: it {held}"),
                None => format!("it {held}"),
            });
            if let [_, _, ..] = violators.as_slice() {
                for other in &violators {
                    let held = after.phrase(conflict, other, &|id| self.name(id))?;
                    problem.details.push(format!("{} {held}", self.name(other.account)?));
                }
            }
            return Err(problem.tip("give it to somebody else, or name the account in `except` of the conflict"));
        }
        Ok(())
    }

    fn admin_would_end(&self, id: Id) -> Result<Problem> {
        let message =
            format!("{} is an admin, and an admin account never expires and is never inactive", self.name(id)?);
        Ok(Problem::conflict("admin_ends", message)
            .why(ADMINS_DO_NOT_END.source)
            .tip(format!("demote it first: rolebook account set-role {} user", self.shell_name(id)?)))
    }

    /// The conflict for a rule that binds everybody, the operator too; `None` for any other rule.
    fn forbidden_to_all(&self, question: &Question, decision: &Decision) -> Result<Option<Problem>> {
        Ok(match decision.rule {
            ADMINS_DO_NOT_END => Some(self.admin_would_end(question.resource)?),
            ROOT_STAYS => {
                let what = match question.action.verb() {
                    Verb::Rename => "renamed",
                    Verb::MoveTo => "moved",
                    Verb::CopyTo => "copied",
                    _ => "removed",
                };
                Some(Problem::conflict("is_root", format!("the root folder cannot be {what}")))
            }
            _ => None,
        })
    }

    /// The conflict of a change that would leave an endpoint or an organization without an active administrator
    /// (docs/model.md#invariants). It does not name a resource that the actor may not see.
    fn last_administrator(&self, id: Id, when: &str) -> Result<Problem> {
        let seen = if self.may_name(id)? { self.facts().resource(id)? } else { None };
        let what = self.name(id)?;
        let problem = Problem::conflict(
            "last_administrator",
            format!("this would leave {what} without an active administrator{when}"),
        )
        .why("an endpoint or an organization always has an active administrator");
        Ok(match seen {
            Some(it) if it.kind() == Kind::Endpoint => {
                problem.tip(format!("rolebook endpoint add-role {} administrator SOMEBODY", it.shell_name()))
            }
            Some(it) => problem.tip(format!("rolebook org set-role {} SOMEBODY admin", it.shell_name())),
            None => problem,
        })
    }

    /// The conflict of bindings that an endpoint could not hold after the change.
    fn unfit(&self, id: Id, bindings: &[Binding]) -> Result<Problem> {
        let shares = bindings.iter().any(|binding| binding.role == Role::ItemShare);
        let name = self.name(id)?;
        let mut problem = if shares {
            Problem::conflict("custom_shares_exist", format!("{name} would hold shares that its node software cannot"))
                .why(CUSTOM_SETS.source)
                .tip("make them presets first: rolebook share set ITEM WHO --permission view")
        } else {
            Problem::conflict("roles_exist", format!("{name} would have roles that it cannot have"))
                .why("seed 001: Users (or groups) can be granted various roles on any managed endpoint, with each role granting the user (or group) different privileges with respect to that endpoint.")
                .tip("take them away first: rolebook endpoint remove-role NAME ROLE WHO")
        };
        for binding in bindings {
            let (resource, who) = (self.name(binding.resource)?, self.participant(binding, binding.principal)?);
            problem.details.push(match binding.role {
                Role::ItemShare => format!("{resource} is shared with {who}: {}", binding.attributes.permissions),
                role => format!("{who} is {}", role.as_str()),
            });
        }
        Ok(problem)
    }

    /// An action as text, with the paths of the folders in it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn action(&self, action: Action) -> Result<String> {
        action_phrase(action, &|id| self.name(id))
    }

    pub(super) fn denial(&self, question: &Question, decision: &Decision) -> Result<Problem> {
        if let Some(conflict) = self.forbidden_to_all(question, decision)? {
            return Ok(conflict);
        }
        let message = format!(
            "{} may not {} on {}",
            self.name(question.principal)?,
            self.action(question.action)?,
            self.name(question.resource)?
        );
        let mut problem = Problem::denied(decision.rule, message);
        if self.explains_denials() {
            let remedies = self.viewer()?.visible_remedies(remedies(self.facts(), question, &self.enforced)?)?;
            for offer in offers(self.facts(), question, &remedies, &|id| self.name(id))? {
                offer.add_to(&mut problem);
            }
        }
        Ok(problem)
    }
}

/// An action as text, with the paths of the folders in it; `name` writes references.
///
/// # Errors
/// Those of `name`.
pub fn action_phrase(action: Action, name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    Ok(match action {
        Action::MoveTo(to) | Action::CopyTo(to) => format!("{}={}", action.verb().as_str(), name(to.folder)?),
        other => other.to_string(),
    })
}
