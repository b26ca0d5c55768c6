/**
 * A list of nodes that follows a list of items.
 *
 * Nodes of items that stay are updated and not made anew, so that the focus, what is selected and
 * pictures that were loaded stay as they are. `key(item)` tells items apart; `make(item)` gives
 * `{node, update(item)}`. Answers with the function that shows a list of items.
 */
export function keyed(parent, key, make) {
  const parts = new Map();
  return (items) => {
    const wanted = new Set(items.map(key));
    for (const [id, part] of parts) {
      if (!wanted.has(id)) {
        part.node.remove();
        parts.delete(id);
      }
    }
    let place = parent.firstChild;
    for (const item of items) {
      let part = parts.get(key(item));
      if (!part) {
        part = make(item);
        parts.set(key(item), part);
      }
      part.update?.(item);
      if (part.node === place) place = place.nextSibling;
      else parent.insertBefore(part.node, place);
    }
  };
}
