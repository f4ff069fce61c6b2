// The first of many things in an order, without putting all of them in order.

/** Returns the things that stand at the places from `from` up to `to` when all are sorted. Changes the order of `items`. */
export function sortedSlice<T>(items: T[], from: number, to: number, compare: (a: T, b: T) => number): T[] {
  const end = Math.min(to, items.length);
  if (from >= end) return [];
  if (from > 0) select(items, from, compare);
  if (end < items.length) select(items, end - 1, compare, from);
  return items.slice(from, end).sort(compare);
}

/** Brings the thing at place `nth` of the sorted list there, what is smaller before it: Hoare's selection. */
function select<T>(items: T[], nth: number, compare: (a: T, b: T) => number, from = 0): void {
  for (let [low, high] = [from, items.length - 1]; low < high;) {
    const pivot = items[(low + high) >> 1];
    let [left, right] = [low, high];
    while (left <= right) {
      while (compare(items[left], pivot) < 0) left++;
      while (compare(items[right], pivot) > 0) right--;
      if (left > right) break;
      [items[left], items[right]] = [items[right], items[left]];
      left++;
      right--;
    }
    if (nth <= right) high = right;
    else if (nth >= left) low = left;
    else return;
  }
}
