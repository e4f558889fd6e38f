//! Conversions between rows of SQLite and values of the model.

use rusqlite::Row;

use super::error::StoreError;
use super::{Reader, Result};
use crate::model::attributes::{Attributes, BindingAttributes};
use crate::model::{Binding, Id, Kind, Resource, Role, SetNames, Time};

/// An id or a revision as a number of SQLite.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An id or a revision from a number of SQLite.
pub(super) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Id> {
    row.get::<_, i64>(column).map(from_sql).map(Id)
}

pub(super) fn optional_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Id>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_sql).map(Id))
}

impl Reader {
    pub(super) fn resource_of(&self, row: &Row<'_>) -> Result<Resource> {
        let read = || -> rusqlite::Result<_> {
            Ok((
                from_sql(row.get(0)?),
                id(row, 1)?,
                row.get_ref(2)?.as_str()?,
                id(row, 3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get_ref(7)?.as_str()?,
                SetNames::from_text(row.get_ref(8)?.as_str_or_null()?),
            ))
        };
        let (since, id, kind, parent, name, key, alias, attributes, sets) =
            read().map_err(|error| self.failed(error))?;
        let kind = Kind::from_name(kind)
            .ok_or_else(|| StoreError::corrupt(&self.path, format!("resource {id} is of the unknown kind `{kind}`")))?;
        let attributes = Attributes::from_json(kind, attributes)
            .map_err(|_| StoreError::corrupt(&self.path, format!("the attributes of resource {id} cannot be read")))?;
        Ok(Resource { id, parent: (parent.0 != 0).then_some(parent), name, key, alias, attributes, sets, since })
    }

    pub(super) fn binding_of(&self, row: &Row<'_>) -> Result<Binding> {
        let read = || -> rusqlite::Result<_> {
            Ok((
                from_sql(row.get(0)?),
                id(row, 1)?,
                id(row, 2)?,
                id(row, 3)?,
                row.get_ref(4)?.as_str()?,
                optional_id(row, 5)?,
                row.get::<_, Option<i64>>(6)?,
                row.get_ref(7)?.as_str_or_null()?,
                SetNames::from_text(row.get_ref(8)?.as_str_or_null()?),
            ))
        };
        let (since, id, resource, principal, role, grantor, expires, attributes, sets) =
            read().map_err(|error| self.failed(error))?;
        let role = Role::from_qualified(role)
            .ok_or_else(|| StoreError::corrupt(&self.path, format!("binding {id} is of the unknown role `{role}`")))?;
        let attributes = match attributes {
            None => BindingAttributes::default(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                StoreError::corrupt(&self.path, format!("the attributes of binding {id} cannot be read"))
            })?,
        };
        Ok(Binding { id, resource, principal, role, grantor, expires: expires.map(Time), attributes, sets, since })
    }
}

/// The attributes of a binding as JSON for their column; `None`, which is stored as null, for the default ones.
pub(super) fn binding_json(binding: &Binding) -> Option<String> {
    (binding.attributes != BindingAttributes::default())
        .then(|| serde_json::to_string(&binding.attributes).unwrap_or_default())
}

/// The attributes of a resource as JSON for their column.
pub(super) fn resource_json(resource: &Resource) -> String {
    resource.attributes.to_json().unwrap_or_default()
}
