//! chili: joins that are shared on a heartbeat. The caller takes part, so a pool of two workers is
//! the caller and one thread.

use super::{Config, Contender, ForkJoin, Map, Tree};
use crate::measure::place::on_core;
use chili::{Scope, ThreadPool};
use std::num::NonZero;
use std::sync::Arc;

/// See the module.
pub struct Chili(ThreadPool);

impl Contender for Chili {
    const NAME: &'static str = "chili";

    fn new(config: &Config) -> Chili {
        // chili counts the caller among its threads.
        let config_of_chili = chili::Config {
            thread_count: NonZero::new(config.workers),
            ..chili::Config::default()
        };
        Chili(on_core(config.core, || {
            ThreadPool::with_config(config_of_chili)
        }))
    }
}

impl ForkJoin for Chili {
    fn fib(&self, n: u32) -> u64 {
        fib(&mut self.0.scope(), n)
    }

    fn tree_sum(&self, tree: &Tree) -> u64 {
        tree_sum(&mut self.0.scope(), tree)
    }
}

fn fib(scope: &mut Scope<'_>, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = scope.join(|s| fib(s, n - 1), |s| fib(s, n - 2));
    a + b
}

fn tree_sum(scope: &mut Scope<'_>, tree: &Tree) -> u64 {
    let Some((left, right)) = tree.children.as_deref() else {
        return tree.value;
    };
    let (a, b) = scope.join(|s| tree_sum(s, left), |s| tree_sum(s, right));
    tree.value + a + b
}

impl Map for Chili {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        let mut out = vec![0; items.len()];
        let grain = (items.len() / 4_096).max(1);
        halve(&mut self.0.scope(), items, &mut out, grain, f);
        out
    }
}

fn halve<F>(scope: &mut Scope<'_>, items: &[u64], out: &mut [u64], grain: usize, f: F)
where
    F: Fn(u64) -> u64 + Copy + Send + Sync,
{
    if items.len() <= grain {
        for (slot, &item) in out.iter_mut().zip(items) {
            *slot = f(item);
        }
        return;
    }
    let half = items.len() / 2;
    let (left, right) = items.split_at(half);
    let (out_left, out_right) = out.split_at_mut(half);
    scope.join(
        |s| halve(s, left, out_left, grain, f),
        |s| halve(s, right, out_right, grain, f),
    );
}
