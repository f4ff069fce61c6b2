// The bodies of machine registration and login.

import { Type } from '@sinclair/typebox';
import { lapiLimits } from '../limits.js';
import { listOf, struct, text } from './fields.js';

/** POST /v1/watchers */
export const registrationRequest = struct('models.WatcherRegistrationRequest', {
  machine_id: text(), password: text(),
  registration_token: Type.Optional(text({ minLength: lapiLimits.registrationTokenCharsMin,
    maxLength: lapiLimits.registrationTokenCharsMax })),
});

/** POST /v1/watchers/login */
export const loginRequest = struct('models.WatcherAuthRequest', {
  machine_id: text(), password: text(), scenarios: Type.Optional(listOf(text(), '[]string')),
});

/** As loginRequest, when a client certificate says who it is. */
export const certifiedLoginRequest = struct('models.WatcherAuthRequest', {
  machine_id: Type.Optional(text()), password: Type.Optional(text()),
  scenarios: Type.Optional(listOf(text(), '[]string')),
});
