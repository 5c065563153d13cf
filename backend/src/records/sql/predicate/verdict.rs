//! What is known of a condition before any row is looked at: the part that depends on the caller alone.

use annex_openapi::expression::{
    CompareOp, Containment, Literal, Operand, Predicate, UserAttribute, UserRef,
};

use super::Context;
use crate::collections::catalogue::Rule;
use crate::extract::Identity;

/// What a rule says before the rows are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'a> {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// The rows for which it is true.
    Some(&'a Predicate),
}

impl<'a> Context<'a> {
    /// What a rule says to the caller.
    pub fn verdict(&self, rule: &'a Rule) -> Verdict<'a> {
        if self.caller.is_admin() {
            return Verdict::All;
        }
        match rule {
            Rule::Everyone => Verdict::All,
            Rule::Admins | Rule::Broken(_) => Verdict::Nothing,
            Rule::When(predicate) if self.known(predicate) == Some(Some(true)) => Verdict::All,
            Rule::When(predicate) if self.never_holds(predicate) => Verdict::Nothing,
            Rule::When(predicate) => Verdict::Some(predicate),
        }
    }

    /// Whether no row can fulfil the condition, for what is known of the caller.
    fn never_holds(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::And(parts) => parts.iter().any(|part| self.never_holds(part)),
            Predicate::Or(parts) => parts.iter().all(|part| self.never_holds(part)),
            _ => matches!(self.known(predicate), Some(None | Some(false))),
        }
    }

    /// The condition's value where it depends on the caller alone: true, false or (inside) unknown.
    pub(super) fn known(&self, predicate: &Predicate) -> Option<Option<bool>> {
        let identity = self.caller.identity();
        match predicate {
            Predicate::Constant(value) => Some(Some(*value)),
            Predicate::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.known(part)).collect();
                if parts.contains(&Some(Some(false))) {
                    return Some(Some(false));
                }
                parts.iter().try_fold(Some(true), |all, part| {
                    part.map(|part| all.and_then(|all| part.map(|part| all && part)))
                })
            }
            Predicate::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.known(part)).collect();
                if parts.contains(&Some(Some(true))) {
                    return Some(Some(true));
                }
                parts.iter().try_fold(Some(false), |any, part| {
                    part.map(|part| any.and_then(|any| part.map(|part| any || part)))
                })
            }
            Predicate::Not(inner) => self.known(inner).map(|value| value.map(|value| !value)),
            Predicate::IsNull(Operand::User(user)) => Some(Some(is_null(identity, user))),
            Predicate::Is(Operand::User(user)) if user.attribute == UserAttribute::Verified => {
                Some(identity.map(|identity| identity.verified))
            }
            Predicate::Compare {
                op,
                left: Operand::User(user),
                right: Operand::Literal(Literal::Text(text)),
            } if user.attribute == UserAttribute::Email && matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                Some(identity.map(|identity| (identity.email == *text) == (*op == CompareOp::Eq)))
            }
            Predicate::Contains {
                container: Operand::User(user),
                element: Operand::Literal(Literal::Text(text)),
                kind: Containment::Element,
            } => Some(identity.map(|identity| list(identity, user).iter().any(|item| item == text))),
            Predicate::Compare { left, right, .. } if nobody(identity, left) || nobody(identity, right) => {
                Some(None)
            }
            Predicate::Contains { container, element, .. }
                if nobody(identity, container) || nobody(identity, element) =>
            {
                Some(None)
            }
            Predicate::Is(operand) | Predicate::Like { operand, .. } if nobody(identity, operand) => {
                Some(None)
            }
            Predicate::In { operand, values } if nobody(identity, operand) => {
                Some(if values.is_empty() { Some(false) } else { None })
            }
            _ => None,
        }
    }
}

/// Whether the operand is an attribute that the caller does not have.
fn nobody(identity: Option<&Identity>, operand: &Operand) -> bool {
    matches!(operand, Operand::User(user) if is_null(identity, user))
}

fn is_null(identity: Option<&Identity>, user: &UserRef) -> bool {
    identity.is_none() || matches!(user.attribute, UserAttribute::Claims(_))
}

/// A list attribute of the caller.
pub(super) fn list<'a>(identity: &'a Identity, user: &UserRef) -> &'a [String] {
    match user.attribute {
        UserAttribute::Roles => &identity.roles,
        _ => &[],
    }
}
