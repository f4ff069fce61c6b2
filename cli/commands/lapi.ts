// `cscli lapi`: can this host's machine talk to the Local API, and registering it there.

import { STATUS_CODES } from 'node:http';
import { ApiError, LapiClient } from '../../ts/client/client.js';
import type { Credentials } from '../../ts/config/config.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { credentialsText, newMachineName, newPassword, writeCredentials } from '../credentials-file.js';

const reloadHint = "Run 'sudo systemctl reload crowdsec' for the new configuration to be effective.";

/** `cscli lapi` and its subcommands. */
export const lapiSpec: CommandSpec = {
  use: 'lapi [action]', text: 'Talk to the Local API', run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'status', text: 'Check that this machine can log in', run: status },
    { use: 'register', text: 'Register this machine', run: register,
      longText: 'Registers this machine with the Local API. Unless a token lets it in, it must be validated there:\n'
        + 'cscli machines validate NAME',
      flags: [{ long: 'url', short: 'u', kind: 'string', text: 'URL of the Local API' },
        { long: 'file', short: 'f', kind: 'string', text: 'Credentials file to write' },
        { long: 'machine', kind: 'string', text: 'Name of the machine; made up when not given' },
        { long: 'token', kind: 'string', text: 'Registration token' }] },
    { use: 'context [command]', text: 'Alert context (not built yet)', args: { kind: 'any' }, takesUnknownFlags: true,
      run: ({ args }) => {
        throw new Error(`"${['cscli', 'lapi', 'context', ...args].join(' ')}" is not built yet`);
      } },
  ],
};

async function status({ context }: Invocation): Promise<void> {
  const { credentials } = context;
  context.print(`Loaded credentials from ${context.config.client?.credentialsPath ?? ''}`);
  if (credentials.login !== '') {
    context.print(`Trying to authenticate with username "${credentials.login}" on ${credentials.url}`);
  }
  if (credentials.certPath !== '') {
    context.print(`Trying to authenticate with certificate "${credentials.certPath}" on ${credentials.url}`);
  }
  try {
    await context.lapi.client.authenticate();
  } catch (error) {
    throw new Error(`failed to authenticate to Local API (LAPI): ${(error as Error).message}`, { cause: error });
  }
  context.print('You can successfully interact with Local API (LAPI)');
}

async function register({ context, flags }: Invocation): Promise<void> {
  const url = apiUrl(context, flags.text('url'));
  const machine = flags.text('machine') || newMachineName();
  const password = newPassword();
  const client = new LapiClient({ url, login: '', password: '',
    insecureSkipVerify: context.config.client?.insecureSkipVerify ?? false });
  try {
    await client.register(machine, password, flags.text('token'));
  } catch (error) {
    const answer = error instanceof ApiError ? ` http ${error.status} ${STATUS_CODES[error.status] ?? ''}` : '';
    throw new Error(`api client register: api register (${url})${answer}: ${(error as Error).message}`, { cause: error });
  } finally {
    client.close();
  }
  context.log.info('Successfully registered to Local API (LAPI)');
  const file = flags.text('file') || (context.config.client?.credentialsPath ?? '');
  const text = credentialsText(flags.text('url') || url, machine, password);
  if (file === '') context.print(text);
  else {
    writeCredentials(context.path(file), text);
    context.log.info(`Local API credentials written to '${file}'`);
  }
  context.log.warn(reloadHint);
}

/** The url of the flag, or of the credentials; with its scheme and its last slash. */
function apiUrl(context: Context, given: string): string {
  const url = given !== '' ? given : configuredUrl(context);
  if (url.startsWith('/')) return url;
  const withScheme = /^https?:\/\//.test(url) ? url : `http://${url}`;
  return withScheme.endsWith('/') ? withScheme : `${withScheme}/`;
}

function configuredUrl(context: Context): string {
  let credentials: Credentials;
  try {
    credentials = context.credentials;
  } catch (error) {
    throw new Error('no Local API URL. Please provide it in your configuration or with the -u parameter',
      { cause: error });
  }
  return credentials.url;
}
