//! The names of roles.

use annex_openapi::problem::FieldError;

const MAX_ROLES: usize = 32;

/// Checks a body's member `roles`, and leaves each of them in it once.
pub(super) fn parse(roles: &[String]) -> Result<Vec<String>, FieldError> {
    let wrong = |pointer: String, detail: String| Err(FieldError::new(pointer, "invalid_role", detail));
    if roles.len() > MAX_ROLES {
        return wrong("/roles".to_owned(), format!("`roles` must not have more than {MAX_ROLES} items"));
    }
    if let Some(at) = roles.iter().position(|role| !is_role(role)) {
        let detail = "a role has 1 to 63 characters, a-z, 0-9, _ and -, and begins with a letter".to_owned();
        return wrong(format!("/roles/{at}"), detail);
    }
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    Ok(roles)
}

fn is_role(role: &str) -> bool {
    role.len() <= 63
        && role.starts_with(|c: char| c.is_ascii_lowercase())
        && role.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_roles() {
        let parse = |roles: &[&str]| parse(&roles.iter().map(|role| (*role).to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&["editor", "admin", "editor"]).unwrap(), ["admin", "editor"]);
        for bad in ["", "Admin", "a b", "1a", "é", &"a".repeat(64)] {
            assert_eq!(parse(&["fine", bad]).unwrap_err().pointer, "/roles/1", "{bad}");
        }
        assert_eq!(parse(&["a"; 33]).unwrap_err().pointer, "/roles");
    }
}
