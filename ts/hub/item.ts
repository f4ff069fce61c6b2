// What the hub knows about one item: its entry in the index and its state on this host. Plain data and the words
// that describe it; finding files is scan.ts, changing them is plan.ts.

/** The kinds of item, in the order in which they are read and listed. Collections come last: they name the others. */
export const itemTypes = ['parsers', 'postoverflows', 'scenarios', 'contexts', 'appsec-configs', 'appsec-rules',
  'collections'] as const;

export type ItemType = (typeof itemTypes)[number];

/** Names of the items that a collection brings, by type, in the collection's own order. */
export type Dependencies = { readonly [K in ItemType]?: readonly string[] };

export interface ItemVersion {
  readonly digest: string;
  readonly deprecated?: boolean;
}

/** What is on this host. An item is installed when `localPath` is set, downloaded when `downloadPath` is. */
export interface ItemState {
  /** Path of the link or file below the configuration directory; '' when not installed. */
  localPath: string;
  /** The file that `localPath` leads to; '' when not installed. */
  realPath: string;
  /** The index version whose digest the file has, `?` when none has it, '' for local items. */
  localVersion: string;
  localHash: string;
  /** Path below the hub directory; '' when the file is not there. */
  downloadPath: string;
  isLocal: boolean;
  isUpToDate: boolean;
  isTainted: boolean;
  /** `type:name` of the items that are the reason, sorted. */
  taintedBy: string[];
  /** Names of all collections that need it directly or through others, sorted; repeated when they do so twice. */
  belongsTo: string[];
}

export interface Item {
  readonly type: ItemType;
  readonly name: string;
  /** Stage directory of parsers and postoverflows, '' for the others. */
  readonly stage: string;
  readonly fileName: string;
  readonly description: string;
  readonly references: readonly string[];
  /** Path relative to the hub directory; '' for local items. */
  readonly path: string;
  /** The newest version in the index; '' for local items. */
  readonly version: string;
  readonly versions: { readonly [version: string]: ItemVersion };
  /** The newest file itself, base64, where the index carries it. */
  readonly content: string;
  /** Of the newest version. */
  readonly dependencies: Dependencies;
  readonly state: ItemState;
}

/** Where one instance keeps its hub. */
export interface HubPaths {
  readonly configDir: string;
  readonly hubDir: string;
  readonly indexPath: string;
}

/** Takes what the user should hear without it being an error. */
export interface HubLog {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export type ItemStatus = 'not-installed' | 'tainted' | 'local' | 'outdated' | 'up-to-date';

/** `type:name`, as messages and plans name an item. */
export function fullName(item: Item): string {
  return `${item.type}:${item.name}`;
}

/** True when the configuration directory has it. */
export function isInstalled(item: Item): boolean {
  return item.state.localPath !== '';
}

/** True when its file is in the hub directory. */
export function isDownloaded(item: Item): boolean {
  return item.state.downloadPath !== '';
}

/** True for the types whose files stand in stage directories. */
export function hasStages(type: ItemType): boolean {
  return type === 'parsers' || type === 'postoverflows';
}

/** The state as one word. */
export function statusOf(item: Item): ItemStatus {
  const { state } = item;
  if (!isInstalled(item)) return 'not-installed';
  if (state.isTainted) return 'tainted';
  if (state.isLocal) return 'local';
  return state.isUpToDate ? 'up-to-date' : 'outdated';
}

/** The state as lists show it: `enabled`, `enabled,tainted`, `disabled,update-available` … */
export function statusText(item: Item): string {
  const { state } = item;
  let text = isInstalled(item) ? 'enabled' : 'disabled';
  if (state.isLocal) text += ',local';
  if (state.isTainted) text += ',tainted';
  else if (!state.isUpToDate && !state.isLocal) text += ',update-available';
  return text;
}

/** The sign in front of the state, with its variation selector where it has one. */
export function statusSign(item: Item): string {
  const { state } = item;
  if (state.isLocal) return '\u{1F3E0}';
  if (!isInstalled(item)) return '\u{1F6AB}';
  if (state.isTainted || !state.isUpToDate) return '\u26A0\uFE0F';
  return '\u2714\uFE0F';
}

/** Order of names in every list: without regard to case. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : a < b ? -1 : a > b ? 1 : 0;
}

/** A state for an item of which nothing is on this host. */
export function emptyState(): ItemState {
  return { localPath: '', realPath: '', localVersion: '', localHash: '', downloadPath: '', isLocal: false,
    isUpToDate: false, isTainted: false, taintedBy: [], belongsTo: [] };
}
