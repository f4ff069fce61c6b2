// Draws tables: the boxed style of listings and the light one of the hub, plain characters in a pipe, rounded and
// coloured on a terminal. Knows nothing of what the cells mean; `human.ts` formats those.

import { displayWidth, wrap } from './text.js';

export type Alignment = 'left' | 'center' | 'right';

export interface Table {
  readonly title?: string;
  readonly header?: readonly string[];
  /** Cells of each row; a row `'separator'` is a rule. */
  readonly rows: readonly (readonly string[] | 'separator')[];
  /** By column; left where absent. */
  readonly alignments?: readonly Alignment[];
  /** Left unless told otherwise. */
  readonly headerAlignment?: Alignment;
  /** Cells are wrapped to this many columns. */
  readonly cellWidthMax?: number;
  readonly style: 'boxed' | 'light';
}

interface Box {
  readonly top: readonly [string, string, string];
  readonly middle: readonly [string, string, string];
  readonly bottom: readonly [string, string, string];
  /** The rule under a title, where columns begin. */
  readonly underTitle: readonly [string, string, string];
  readonly line: string;
  readonly wall: string;
}

const plain: Box = { top: ['+', '+', '+'], middle: ['+', '+', '+'], bottom: ['+', '+', '+'],
  underTitle: ['+', '+', '+'], line: '-', wall: '|' };
const rounded: Box = { top: ['╭', '┬', '╮'], middle: ['├', '┼', '┤'], bottom: ['╰', '┴', '╯'],
  underTitle: ['├', '┬', '┤'], line: '─', wall: '│' };

const paint = {
  dim: (text: string): string => `\x1b[90m${text}\x1b[0m`,
  italic: (text: string): string => `\x1b[3m${text}\x1b[0m`,
};

/** The table as text, with a line end after each line. */
export function renderTable(table: Table, isFancy: boolean): string {
  const box = isFancy ? rounded : plain;
  const limit = table.cellWidthMax ?? Number.POSITIVE_INFINITY;
  const header = table.header?.map((cell) => splitCell(cell, limit));
  const rows = table.rows.map((row) => (row === 'separator' ? row : row.map((cell) => splitCell(cell, limit))));
  const widths = columnWidths([...(header === undefined ? [] : [header]), ...rows.filter((row) => row !== 'separator')]);
  const isLight = table.style === 'light';
  const frame = (text: string): string => (isFancy ? paint.dim(text) : text);
  const wall = isLight ? '' : frame(box.wall);
  const rule = ([left, joint, right]: readonly [string, string, string]): string => {
    const line = widths.map((width) => box.line.repeat(width + 2)).join(isLight ? '' : joint);
    return frame(isLight ? line : left + line + right);
  };
  const draw = (cells: readonly (readonly string[])[], alignments: readonly Alignment[], isHeader: boolean): string[] => {
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, index) => wall + widths.map((width, column) => {
      const text = ` ${align(cells[column]?.[index] ?? '', width, alignments[column] ?? 'left')} `;
      return isHeader && isFancy ? paint.italic(text) : text;
    }).join(wall) + wall);
  };
  const lines: string[] = [];
  const inner = widths.reduce((sum, width) => sum + width + 2, 0) + (isLight ? 0 : widths.length - 1);
  if (table.title !== undefined) {
    const across: readonly [string, string, string] = [box.top[0], box.line, box.top[2]];
    lines.push(rule(across));
    for (const line of splitCell(table.title, inner - 2)) lines.push(`${wall} ${align(line, inner - 2, 'left')} ${wall}`);
  }
  lines.push(rule(table.title === undefined ? box.top : box.underTitle));
  if (header !== undefined) {
    const alignment = table.headerAlignment ?? 'left';
    lines.push(...draw(header, widths.map(() => alignment), true), rule(box.middle));
  }
  for (const row of rows) {
    if (row === 'separator') lines.push(rule(box.middle));
    else lines.push(...draw(row, table.alignments ?? [], false));
  }
  lines.push(rule(box.bottom));
  return lines.map((line) => `${line}\n`).join('');
}

function splitCell(cell: string, widthMax: number): string[] {
  return displayWidth(cell) <= widthMax && !cell.includes('\n') ? [cell] : wrap(cell, widthMax);
}

function columnWidths(rows: readonly (readonly (readonly string[])[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, ...cell.map(displayWidth));
    });
  }
  return widths;
}

/** Centring puts the odd blank on the left. */
function align(text: string, width: number, alignment: Alignment): string {
  const spare = Math.max(0, width - displayWidth(text));
  if (alignment === 'left') return text + ' '.repeat(spare);
  if (alignment === 'right') return ' '.repeat(spare) + text;
  const right = Math.floor(spare / 2);
  return ' '.repeat(spare - right) + text + ' '.repeat(right);
}
