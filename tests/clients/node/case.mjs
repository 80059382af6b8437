// What every case has: clients of a session of its own, and the books of that session.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const place = JSON.parse(process.env.RECLOSER_CLIENTS ?? 'null');
if (!place) throw new Error('started without a gateway: run tests/clients/run');

const SETTLES_MS_MAX = 10_000;
const LOOK_EVERY_MS = 20;
export const ATTEMPTS_OF_SDK = 3; // one, and two retries: both SDKs' default

export class Case {
  place = place;
  session = `case-${randomUUID()}`;

  #options(changed) {
    return {
      apiKey: place.key,
      timeout: 30_000,
      defaultHeaders: { 'x-recloser-session': this.session },
      ...changed,
    };
  }

  openai({ base = '/v1', ...changed } = {}) {
    return new OpenAI({ baseURL: place.gateway + base, ...this.#options(changed) });
  }

  anthropic({ base = '', ...changed } = {}) {
    return new Anthropic({ baseURL: place.gateway + base, ...this.#options(changed) });
  }

  async #admin(path) {
    const headers = { authorization: `Bearer ${place.token}` };
    const answer = await fetch(place.admin + path, { headers });
    assert.equal(answer.status, 200, path);
    return answer.json();
  }

  async #booked() {
    return (await this.#admin(`/admin/calls?limit=100&session=${this.session}`)).data;
  }

  // The rows of this session, oldest first: exactly so many, and each only once. At once: a call is
  // in the books before its client sees the end of it.
  async rows(count) {
    const rows = await this.#booked();
    assert.equal(rows.length, count, JSON.stringify(rows.map((row) => [row.id, row.outcome])));
    assert.equal(new Set(rows.map((row) => row.id)).size, count);
    return rows.reverse();
  }

  // The one row (or `row`) is a completed call with the usage that the SDK reported.
  async booked({ given, made, operation, row }) {
    row ??= (await this.rows(1))[0];
    const { outcome, status, tokens_source: source } = row;
    assert.deepEqual({ outcome, status, source },
      { outcome: 'completed', status: 200, source: 'exact' });
    assert.equal(row.operation, operation);
    assert.deepEqual([row.input_tokens, row.output_tokens], [given, made]);
    assert.deepEqual([row.org, row.team, row.key_id], ['acme', 'sdk', 'clients']);
    assert.equal(row.attempts.length, 1);
    return row;
  }

  // The one row, of a call whose client has left.
  async rowOfLeft() {
    await this.#onceNobodyIsLeft(() => this.#booked(), (found) => found.length > 0);
    return (await this.rows(1))[0];
  }

  // What `look` finds, as soon as `enough` is true of it; the last look when it never is. The one
  // wait by the clock: see ../harness/waiting.py.
  async #onceNobodyIsLeft(look, enough) {
    const end = Date.now() + SETTLES_MS_MAX;
    let found = await look();
    while (!enough(found) && Date.now() < end) {
      await wait(LOOK_EVERY_MS);
      found = await look();
    }
    return found;
  }

  // What the simulated provider says of a row's last attempt.
  async truth(row) {
    const wanted = row.attempts.at(-1).provider_request_id;
    const listed = await this.#admin('/admin/sim/truth?limit=10000');
    return listed.data.find((one) => one.id === wanted);
  }

  truthOfLeft(row) {
    return this.#onceNobodyIsLeft(() => this.truth(row), (found) => found.state !== 'open');
  }

  // The attempts that the mock provider saw with `marker` in their request.
  async mocked(marker) {
    const { data } = await (await fetch(`${place.mock}/mock/log`)).json();
    return data.filter((one) => JSON.stringify(one.request).includes(marker));
  }
}

// What a promise is rejected with.
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('it was not refused');
}
