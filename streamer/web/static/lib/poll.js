/**
 * Calls `work` now and then `everyMs` after it was done, until `signal` is aborted; not while
 * nobody can see the page. `work` has to deal with its own errors.
 */
export function poll(work, everyMs, signal) {
  let timer = 0;
  let busy = false;
  const go = async () => {
    clearTimeout(timer);
    if (busy || signal.aborted || document.hidden) return;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
      if (!signal.aborted) timer = setTimeout(go, everyMs);
    }
  };
  document.addEventListener("visibilitychange", go, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return go();
}
