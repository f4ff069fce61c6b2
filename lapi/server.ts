// Puts the Local API together: who may call a route, how a body is read, how a refusal is worded, what is counted and
// logged. The routes themselves are in routes/, listening in listen.ts.

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { secondText } from '../ts/util/second-text.js';
import { accessOf, authenticate } from './auth/caller.js';
import { AddressSet, clientAddressOf } from './auth/client-address.js';
import { Tokens } from './auth/token.js';
import { readBody } from './body.js';
import { doBulkWork } from './bulk/bulk-work.js';
import { ChangeStreams } from './change-streams.js';
import type { LapiDeps, RouteDeps } from './deps.js';
import { Refusal } from './errors.js';
import { sendJson } from './exchange.js';
import { lapiLimits } from './limits.js';
import { addAlertRoutes } from './routes/alerts.js';
import { addAllowlistRoutes } from './routes/allowlists.js';
import { addChangesRoute } from './routes/changes.js';
import { addDecisionRoutes } from './routes/decisions.js';
import { addHealthRoute } from './routes/health.js';
import { addHeartbeatRoute } from './routes/heartbeat.js';
import { addOpenApiRoute } from './routes/openapi.js';
import { addStreamRoute } from './routes/stream.js';
import { addUsageMetricsRoute } from './routes/usage-metrics.js';
import { addWatcherRoutes } from './routes/watchers.js';
import { safeLog } from './safe-log.js';
import { StartupStreams } from './startup-streams.js';

/** How a line about a request is told from the others. */
const accessLine = { module: 'lapi' };

/** Order in which an Allow header lists methods. */
const methodOrder = ['GET', 'POST', 'HEAD', 'DELETE'];

/** Returns the server, not yet listening. Throws E_CONFIG for unreadable addresses in the settings. */
export function buildServer(given: LapiDeps): FastifyInstance {
  const deps = { ...given, log: safeLog(given.log) };
  const trusted = new AddressSet('api.server.trusted_ips', deps.settings.trustedIps);
  const bulk = deps.bulk ?? { run: (work) => doBulkWork(work, deps), expect: () => {} };
  const routeDeps: RouteDeps = { ...deps, bulk, tokens: new Tokens(deps.secret, deps.nowMs), trusted };
  const app = fastify({ logger: false, exposeHeadRoutes: false, routerOptions: { maxParamLength: 512 },
    // Bodies are bounded by readBody, after inflation and by who sends them.
    bodyLimit: Number.MAX_SAFE_INTEGER });
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    const methods = methodsOf.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) methods.add(method);
    methodsOf.set(route.url, methods);
  });
  addRequestHooks(app, routeDeps);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (accessOf(request) === 'open') return readBody(request.raw, lapiLimits.openBodyBytesMax);
    if (Number(request.headers['content-length']) > lapiLimits.inlineBodyBytesMax) bulk.expect();
    return readBody(request.raw, lapiLimits.authenticatedBodyBytesMax);
  });
  app.setErrorHandler((error, request, reply) => answerError(error as Error, request, reply, deps));
  addRoutes(app, routeDeps);
  app.setNotFoundHandler((request, reply) => answerUnrouted(request, reply, methodsOf));
  return app;
}

function addRoutes(app: FastifyInstance, deps: RouteDeps): void {
  addHealthRoute(app);
  addOpenApiRoute(app);
  addWatcherRoutes(app, deps);
  addHeartbeatRoute(app, deps);
  addAlertRoutes(app, deps);
  addDecisionRoutes(app, deps);
  const startups = new StartupStreams();
  addStreamRoute(app, deps, startups);
  addChangesRoute(app, deps, new ChangeStreams({ store: deps.store, startups, log: deps.log, beatMs: deps.changeBeatMs }));
  addUsageMetricsRoute(app, deps);
  addAllowlistRoutes(app, deps);
}

function addRequestHooks(app: FastifyInstance, deps: RouteDeps): void {
  const dateText = secondText((date) => date.toUTCString());
  const addressOf = clientAddressOf(deps.settings.trustedProxies);
  app.decorateRequest('clientAddress', '');
  app.decorateRequest('machine', null);
  app.decorateRequest('bouncer', null);
  app.decorateRequest('startedAtMs', 0);
  app.addHook('onRequest', async (request, reply) => {
    request.startedAtMs = performance.now();
    request.clientAddress = addressOf(request.raw);
    // `/v1/alerts/` is not an alert without a name.
    for (const name in request.params as Record<string, string>) {
      if ((request.params as Record<string, string>)[name] === '') return reply.callNotFound();
    }
    await authenticate(request, deps);
    const route = templateOf(request);
    if (request.machine !== null) deps.metrics.countMachine(request.machine.name, route, request.method);
    if (request.bouncer !== null) deps.metrics.countBouncer(request.bouncer.name, route, request.method);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const elapsedMs = performance.now() - request.startedAtMs;
    const template = templateOf(request);
    deps.metrics.countRoute(template, request.method);
    // How long a stream was open is no time that anybody waited.
    if (reply.getHeader('content-type') !== 'text/event-stream') {
      deps.metrics.observeDuration(template, request.method, elapsedMs / 1000);
    }
    deps.log.info(`${request.clientAddress} - [${dateText(deps.nowMs())}] "${request.method} ${request.url} HTTP/${
      request.raw.httpVersion} ${reply.statusCode} ${elapsedMs.toFixed(3)}ms "${
      request.headers['user-agent'] ?? ''}" "`, accessLine);
    done();
  });
}

function templateOf(request: FastifyRequest): string {
  return request.is404 ? 'invalid-endpoint' : request.routeOptions.url ?? 'invalid-endpoint';
}

function answerError(error: Error, request: FastifyRequest, reply: FastifyReply, deps: LapiDeps): FastifyReply {
  if (error instanceof Refusal) {
    // What is left of a refused body is not read.
    if (!request.raw.complete && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
    if (error.code === 'busy') reply.header('retry-after', lapiLimits.busyRetrySeconds);
    if (!error.isTokenFailure) return sendJson(reply, { message: error.message }, error.status);
    reply.header('www-authenticate', 'JWT realm=Crowdsec API local');
    return sendJson(reply, { code: error.status, message: error.message }, error.status);
  }
  if (deps.store.dialect.isUnavailable(error)) {
    deps.log.error(`the database cannot be used now: ${error.message}`);
    return sendJson(reply, { message: `the database cannot be used now: ${error.message}` }, 503);
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status >= 400 && status < 500) return sendJson(reply, { message: error.message }, status);
  deps.log.error(`${request.method} ${request.url}: ${error.stack ?? error.message}`);
  return sendJson(reply, { message: 'internal error' }, 500);
}

/** 404, 405 with the methods there are, or the way to the same path without its last slash. */
function answerUnrouted(request: FastifyRequest, reply: FastifyReply,
  methodsOf: ReadonlyMap<string, ReadonlySet<string>>): FastifyReply {
  const [path, query] = request.url.split('?', 2);
  const methods = methodsFor(path, methodsOf);
  if (methods.length > 0) return reply.code(405).header('allow', methods.join(', ')).send();
  const shorter = path.replace(/\/+$/, '');
  if (shorter !== path && methodsFor(shorter, methodsOf).includes(request.method)) {
    const target = query === undefined ? shorter : `${shorter}?${query}`;
    reply.header('location', target);
    if (request.method !== 'GET') return reply.code(307).send();
    const escaped = target.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&#34;');
    return reply.code(301).type('text/html; charset=utf-8').send(`<a href="${escaped}">Moved Permanently</a>.\n\n`);
  }
  return reply.code(404).send();
}

function methodsFor(path: string, methodsOf: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const parts = path.split('/');
  for (const [template, methods] of methodsOf) {
    const wanted = template.split('/');
    const matches = wanted.length === parts.length
      && wanted.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''));
    if (matches) return methodOrder.filter((method) => methods.has(method));
  }
  return [];
}
