// New machines' names and passwords, and the credentials file that a machine logs in with.

import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { yamlText } from './render/yaml.js';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const machineIdFiles = ['/var/lib/dbus/machine-id', '/etc/machine-id'];
const passwordLength = 64;

/** A random password of letters and digits. */
export function newPassword(length = passwordLength): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
}

/** A machine name: this host's machine id (a random one where there is none) and 16 random characters. */
export function newMachineName(): string {
  const id = machineIdFiles.map(readIfThere).find((text) => text !== '') ?? randomUUID();
  return id.trim().replaceAll('-', '').slice(0, 32) + newPassword(16);
}

/** The text of a credentials file. */
export function credentialsText(url: string, login: string, password: string): string {
  return yamlText({ url, login, password });
}

/** Writes a credentials file that only its owner can read. */
export function writeCredentials(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
