// Draws tables: the boxed style of listings and the light one of the hub, plain characters in a pipe, rounded and
// coloured on a terminal. Knows nothing of what the cells mean; `human.ts` formats those.

import { cut, displayWidth, wrap } from './text.js';

export type Alignment = 'left' | 'center' | 'right';

export interface Table {
  readonly title?: string;
  readonly header?: readonly string[];
  /** A heading row above `header`; equal neighbours become one cell. */
  readonly groupHeader?: readonly string[];
  /** Cells of each row; a row `'separator'` is a rule. */
  readonly rows: readonly (readonly string[] | 'separator')[];
  /** By column; left where absent. */
  readonly alignments?: readonly Alignment[];
  /** Left unless told otherwise; one for all columns or one for each. */
  readonly headerAlignment?: Alignment | readonly Alignment[];
  /** A last row below a rule of its own, aligned to the right. */
  readonly footer?: readonly string[];
  /** Cells are wrapped to this many columns. */
  readonly cellWidthMax?: number;
  readonly style: 'boxed' | 'light';
}

/** How tables are drawn: rounded corners where colours are wanted, colours where a terminal shows them. */
export interface Look {
  readonly isRounded: boolean;
  readonly isColoured: boolean;
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

/** The table as text, with a line end after each line. */
export function renderTable(table: Table, look: Look): string {
  const limit = table.cellWidthMax ?? Number.POSITIVE_INFINITY;
  const split = (row: readonly string[]): Cells => row.map((cell) => splitCell(cell, limit));
  const header = table.header === undefined ? undefined : split(table.header);
  const rows = table.rows.map((row) => (row === 'separator' ? row : split(row)));
  const footer = table.footer === undefined ? undefined : split(table.footer);
  const widths = columnWidths([table.header, ...table.rows, table.footer]
    .filter((row) => row !== undefined && row !== 'separator'), limit);
  const pen = new Pen(table.style === 'light', widths, look);
  const merged = (table.groupHeader ?? []).map((cell, index, all) => index > 0 && all[index - 1] === cell);
  const lines: string[] = [];
  if (table.title !== undefined) lines.push(...pen.title(table.title));
  lines.push(pen.rule(table.title === undefined ? 'top' : 'underTitle', merged));
  if (table.groupHeader !== undefined) lines.push(pen.groupRow(table.groupHeader));
  if (header !== undefined) {
    const { headerAlignment = 'left' } = table;
    const alignments = widths.map((_, column) =>
      (typeof headerAlignment === 'string' ? headerAlignment : headerAlignment[column]));
    lines.push(...pen.row(header, alignments, true), pen.rule('middle'));
  }
  for (const row of rows) {
    if (row === 'separator') lines.push(pen.rule('middle'));
    else lines.push(...pen.row(row, table.alignments ?? [], false));
  }
  if (footer !== undefined) {
    if (rows.length > 0) lines.push(pen.rule('middle'));
    lines.push(...pen.row(footer, widths.map(() => 'right' as const), false));
  }
  lines.push(pen.rule('bottom'));
  return lines.map((line) => `${line}\n`).join('');
}

/** A row whose cells are split into lines. */
type Cells = readonly (readonly string[])[];

/** Draws the lines of one table: knows its column widths and style. */
class Pen {
  readonly #isLight: boolean;
  readonly #widths: readonly number[];
  readonly #look: Look;
  readonly #box: Box;

  constructor(isLight: boolean, widths: readonly number[], look: Look) {
    this.#isLight = isLight;
    this.#widths = widths;
    this.#look = look;
    this.#box = look.isRounded ? rounded : plain;
  }

  /** A horizontal rule; it has no joint where two cells below it are one. */
  rule(kind: 'top' | 'middle' | 'bottom' | 'underTitle', merged: readonly boolean[] = []): string {
    const [left, joint, right] = this.#box[kind];
    const line = this.#widths.map((width, column) => {
      const before = column === 0 || this.#isLight ? '' : merged[column] === true ? this.#box.line : joint;
      return before + this.#box.line.repeat(width + 2);
    }).join('');
    return this.#frame(this.#isLight ? line : left + line + right);
  }

  /** The title across all columns, with the rule above it. */
  title(title: string): string[] {
    const walls = this.#isLight ? 0 : this.#widths.length - 1;
    const inner = this.#widths.reduce((sum, width) => sum + width + 2, walls) - 2;
    const [left, , right] = this.#box.top;
    const line = this.#box.line.repeat(inner + 2);
    return [this.#frame(this.#isLight ? line : left + line + right),
      ...cut(title, inner).map((piece) => `${this.#wall} ${align(piece, inner, 'left')} ${this.#wall}`)];
  }

  /** Headings of which equal neighbours stand in one cell, centred but for the first. */
  groupRow(cells: readonly string[]): string {
    const parts: string[] = [];
    for (let column = 0; column < cells.length;) {
      let end = column + 1;
      while (end < cells.length && cells[end] === cells[column]) end += 1;
      const width = this.#widths.slice(column, end).reduce((sum, each) => sum + each + 3, -3);
      parts.push(this.#heading(` ${align(cells[column], width, column === 0 ? 'left' : 'center')} `));
      column = end;
    }
    return this.#wall + parts.join(this.#wall) + this.#wall;
  }

  /** The lines of a row, as many as its highest cell has. */
  row(cells: Cells, alignments: readonly Alignment[], isHeader: boolean): string[] {
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, index) => this.#wall + this.#widths.map((width, column) => {
      const text = ` ${align(cells[column]?.[index] ?? '', width, alignments[column] ?? 'left')} `;
      return isHeader ? this.#heading(text) : text;
    }).join(this.#wall) + this.#wall);
  }

  get #wall(): string {
    return this.#isLight ? '' : this.#frame(this.#box.wall);
  }

  #frame(text: string): string {
    return this.#look.isColoured ? `\x1b[90m${text}\x1b[0m` : text;
  }

  #heading(text: string): string {
    return this.#look.isColoured ? `\x1b[3m${text}\x1b[0m` : text;
  }
}

function splitCell(cell: string, widthMax: number): string[] {
  return displayWidth(cell) <= widthMax && !cell.includes('\n') ? [cell] : wrap(cell, widthMax);
}

/** A column is as wide as its longest cell would be unwrapped, up to the limit: wrapping does not make it narrower. */
function columnWidths(rows: readonly (readonly string[])[], limit: number): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      const longest = Math.max(...cell.split('\n').map(displayWidth));
      widths[column] = Math.max(widths[column] ?? 0, Math.min(longest, limit));
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
