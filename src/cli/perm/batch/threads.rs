//! Answers the lines of a batch that are available together on several threads.
//!
//! The thread that reads the lines also answers them. It works alone if few lines are available, as when the sender
//! waits for each answer. Helpers are started when there is more to do. All threads share the facts and the cache of
//! names; each has a reader of its own for what the facts do not hold.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope};

use super::super::super::view::Moment;
use super::super::question_cache::Named;
use super::{AnswerForm, Answers, Batch, Written};
use crate::input::lines::{Block, Lines};
use crate::policy::Facts;
use crate::render::RenderError;
use crate::store::{Reader, Store};

/// The number of lines that a thread takes at a time.
const PART: usize = 256;

/// What all threads of a batch share.
pub(super) struct Team<'t, 's, F: Facts> {
    pub(super) store: &'t Store,
    pub(super) moment: Moment,
    pub(super) facts: &'s F,
    pub(super) named: &'t Named<'s, F>,
    pub(super) form: AnswerForm,
    pub(super) with_proof: bool,
    /// The maximum number of threads besides the one that reads.
    pub(super) helpers: usize,
}

/// A block of lines, whose parts are taken by any free thread.
struct Shared {
    block: Block,
    next: AtomicUsize,
}

impl Shared {
    fn parts(&self) -> usize {
        self.block.count().div_ceil(PART)
    }

    /// The next part that no thread has taken, and its lines; `None` after the last.
    fn take(&self) -> Option<(usize, Range<usize>)> {
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        (part < self.parts()).then(|| (part, part * PART..self.block.count().min((part + 1) * PART)))
    }
}

/// Answers, each with the number of its part.
type Parts = Vec<(usize, Answers)>;

/// Takes parts and answers them until none is left.
fn answer<F: Facts>(batch: &mut Batch<'_, '_, '_, F>, shared: &Shared) -> Parts {
    std::iter::from_fn(|| shared.take()).map(|(part, lines)| (part, batch.answers(shared.block.lines(lines)))).collect()
}

/// A further thread that answers.
struct Helper {
    blocks: Sender<Arc<Shared>>,
    answers: Receiver<Parts>,
}

impl<F: Facts + Sync> Team<'_, '_, F> {
    /// Answers all lines, in their order.
    pub(super) fn run<R: Read>(
        &self,
        reader: &Reader,
        lines: &mut Lines<R>,
        written: &mut Written<'_>,
    ) -> Result<(), RenderError> {
        let Some(view) = self.moment.view(reader, self.facts)? else { return Ok(()) };
        let mut batch = Batch::new(&view, self.named, self.form, self.with_proof)?;
        std::thread::scope(|scope| {
            let mut helpers: Vec<Helper> = Vec::new();
            while let Some(block) = lines.block(&mut || written.idle())? {
                let shared = Arc::new(Shared { block, next: AtomicUsize::new(0) });
                let helper_count = self.helpers.min(shared.parts().saturating_sub(1));
                while helpers.len() < helper_count
                    && let Some(helper) = self.helper(scope)
                {
                    helpers.push(helper);
                }
                // A helper that could not open the store has ended and takes nothing.
                let asked: Vec<&Helper> = helpers
                    .iter()
                    .take(helper_count)
                    .filter(|it| it.blocks.send(Arc::clone(&shared)).is_ok())
                    .collect();
                let mut parts = answer(&mut batch, &shared);
                parts.extend(asked.into_iter().filter_map(|it| it.answers.recv().ok()).flatten());
                parts.sort_by_key(|(part, _)| *part);
                parts.into_iter().try_for_each(|(_, answers)| written.add(answers))?;
            }
            Ok(())
        })
    }

    /// Starts one more helper; `None` if no more threads can be started.
    fn helper<'e>(&'e self, scope: &'e Scope<'e, '_>) -> Option<Helper> {
        let (blocks, asked) = channel::<Arc<Shared>>();
        let (answered, answers) = channel();
        let help = move || {
            // Without its own reader, or if the store has changed since, the helper leaves the lines to the others.
            let Ok(reader) = self.store.read() else { return };
            let Ok(Some(view)) = self.moment.view(&reader, self.facts) else { return };
            let Ok(mut batch) = Batch::new(&view, self.named, self.form, self.with_proof) else { return };
            for shared in asked {
                if answered.send(answer(&mut batch, &shared)).is_err() {
                    return;
                }
            }
        };
        Builder::new().spawn_scoped(scope, help).ok()?;
        Some(Helper { blocks, answers })
    }
}
