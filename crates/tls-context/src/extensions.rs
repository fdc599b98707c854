//! A place, once per context and type, for what other layers derive from a context.

use std::{
    any::{Any, TypeId},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

type Value = Arc<dyn Any + Send + Sync>;
type Cell = Arc<OnceLock<Value>>;

/// A short list: there are as many types as layers above, one or two. Reading takes a shared lock,
/// as this is on the way of every connection.
#[derive(Default)]
pub(crate) struct Extensions(RwLock<Vec<(TypeId, Cell)>>);

impl Extensions {
    /// `make` runs at most once per type, outside the lock.
    pub(crate) fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let cell = self.cell(TypeId::of::<T>());
        let value = Arc::clone(cell.get_or_init(|| Arc::new(make())));
        match value.downcast() {
            Ok(value) => value,
            Err(_) => unreachable!("a cell holds the type it is keyed by"),
        }
    }

    fn cell(&self, id: TypeId) -> Cell {
        let find = |cells: &[(TypeId, Cell)]| {
            cells
                .iter()
                .find(|(known, _)| *known == id)
                .map(|(_, cell)| Arc::clone(cell))
        };
        if let Some(cell) = find(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return cell;
        }
        let mut cells = self.0.write().unwrap_or_else(PoisonError::into_inner);
        find(&cells).unwrap_or_else(|| {
            let cell = Cell::default();
            cells.push((id, Arc::clone(&cell)));
            cell
        })
    }
}
