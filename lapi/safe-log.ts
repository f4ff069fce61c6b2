// A log that input cannot forge: control characters and line separators in a text are shown as escapes.

import type { Log, LogFields } from '../ts/config/log.js';

/** Returns a log that escapes every text before it hands it on. */
export function safeLog(log: Log): Log {
  const at = (level: keyof Log) => (text: string, fields?: LogFields): void => log[level](escapeControls(text), fields);
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
