// The counters that every source keeps: lines in, and lines cut at the limit.

import type { SourceContext } from './source.js';

/** Adds the lines of a batch to the counters of the place they came from. */
export type CountLines = (src: string, lines: number, truncated: number) => void;

/** Returns the counting function of a source, e.g. `lineCounts(context, 'cs_filesource_hits_total', 'file', 'nginx')`. */
export function lineCounts(context: SourceContext, metric: string, module: string, type: string): CountLines {
  if (context.metricsLevel === 'none') return () => {};
  const { counters } = context;
  const handles = new Map<string, { lines: number; truncated: number }>();
  return (src, lines, truncated) => {
    let handle = handles.get(src);
    if (handle === undefined) {
      const labels = { source: src, datasource_type: module, acquis_type: type };
      handle = { lines: counters.handle(metric, labels), truncated: counters.handle('palisade_lines_truncated_total', labels) };
      handles.set(src, handle);
    }
    counters.add(handle.lines, lines);
    counters.add(handle.truncated, truncated);
  };
}
