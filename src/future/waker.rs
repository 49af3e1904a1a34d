//! Wakers of polled futures: waiter nodes in the hook list. A later poll replaces the waker in its node.

use super::hooks::{self, Waiter, WaiterVtable};
use super::raw_task::RawTask;
use super::state::{Opened, Until};
use crate::sync::cell::UnsafeCell;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

#[repr(C)]
struct WakerNode {
    node: Waiter,
    waker: UnsafeCell<Waker>,
}

// A static, since its address is compared: a constant may have one per use.
static VTABLE: WaiterVtable = WaiterVtable { fire, discard };

unsafe fn fire(node: NonNull<Waiter>, _failed: bool) {
    // SAFETY: made by `poll` as a box of this type, and consumed once.
    let this = *unsafe { Box::from_raw(node.cast::<WakerNode>().as_ptr()) };
    // UNWIND: a waker that panics breaks its runtime, not this crate: the panic is reported, and the finisher goes on.
    crate::report::contain_drop("waker", || this.waker.into_inner().wake());
}

unsafe fn discard(node: NonNull<Waiter>) {
    // SAFETY: as in fire.
    let this = unsafe { Box::from_raw(node.cast::<WakerNode>().as_ptr()) };
    crate::report::contain_drop("waker", || drop(this));
}

fn is_ours(node: NonNull<Waiter>, owner: usize) -> bool {
    // SAFETY: the list's editor owns the nodes that it visits.
    let node = unsafe { node.as_ref() };
    node.owner == owner && std::ptr::eq(node.vtable, &raw const VTABLE)
}

/// Ready if the outcome may be taken. Otherwise the newest waker of `owner` is woken when it may. An older waker of
/// `owner` is woken as well only if the poll of another owner held its node meanwhile. The caller holds a borrow of the
/// handle.
pub fn poll(cell: RawTask, owner: usize, cx: &Context<'_>) -> Poll<()> {
    if cell.poll_state().is_settled() {
        return Poll::Ready(());
    }
    if cell.tag.predates_fork() {
        // Another thread of this child may have taken the task over: it then fires our node, as any finisher does.
        cell.end_after_fork();
    }
    if cell.open_hooks() == Opened::Open {
        let mut kept = false;
        cell.hooks.edit(cell, |node| {
            if is_ours(node, owner) {
                // SAFETY: as in is_ours, and it is of this type.
                let ours = unsafe { node.cast::<WakerNode>().as_ref() };
                // SAFETY: the node is the editor's, and so is its waker.
                ours.waker
                    .with_mut(|waker| unsafe { (*waker).clone_from(cx.waker()) });
                kept = true;
            }
            true
        });
        if kept {
            // If the task became done meanwhile, the edit fired the node, so the task is polled again.
            return if cell.state.load().is_settled() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        let ours = WakerNode {
            node: Waiter::new(&VTABLE, owner),
            waker: UnsafeCell::new(cx.waker().clone()),
        };
        let node = NonNull::from(Box::leak(Box::new(ours))).cast();
        match cell.hooks.add_waiter(node) {
            Ok(()) => return Poll::Pending,
            // SAFETY: not added, so it is ours.
            Err(node) => unsafe { discard(node) },
        }
    }
    // The list is closed, so the finisher is at most a step away from settling.
    cell.state.sleep(Until::Settled, None);
    Poll::Ready(())
}

/// Drops the waker of `owner`, if the task is not done. The caller holds a borrow of the handle.
pub fn forget(cell: RawTask, owner: usize) {
    let now = cell.state.load();
    if now.has_hooks() && !now.is_done() {
        cell.hooks.edit(cell, |node| !is_ours(node, owner));
    }
}

/// Adds a waiter node to the hook list of `cell`, or fires it if the task is done. The caller holds a borrow of the
/// handle. It will wait for the task, or [request its completion](RawTask::request_completion) before it sleeps.
pub fn add_waiter(cell: RawTask, node: NonNull<Waiter>) {
    let late = match cell.open_hooks_to_wait() {
        Opened::Open => cell.hooks.add_waiter(node).err(),
        Opened::Settled => Some(node),
    };
    if let Some(node) = late {
        hooks::fire_late(node, cell);
    }
}
