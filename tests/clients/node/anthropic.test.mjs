// The official Anthropic SDK, with nothing changed but its base URL and key.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';

import { ATTEMPTS_OF_SDK, Case, rejection } from './case.mjs';

const ask = { max_tokens: 256, messages: [{ role: 'user', content: 'hello' }] };
const weather = {
  name: 'weather',
  description: 'of a city',
  input_schema: {
    type: 'object', properties: { city: { type: 'string' } }, required: ['city'],
  },
};
const Invoice = z.object({ number: z.string(), cents: z.int() });

const usageOf = ({ usage }) => ({ given: usage.input_tokens, made: usage.output_tokens });
const wordsOf = (text) => text.trim().split(/\s+/).length;

test('messages', async () => {
  const own = new Case();
  const { data: message, response } = await own
    .anthropic()
    .messages.create({ model: 'sim-t12', ...ask })
    .withResponse();
  assert.equal(wordsOf(message.content[0].text), 12);
  const row = await own.booked({ ...usageOf(message), operation: 'messages' });
  assert.equal(response.headers.get('x-recloser-call'), row.id);
});

test('messages stream', async () => {
  const own = new Case();
  let text = '';
  const message = await own
    .anthropic()
    .messages.stream({ model: 'sim-t40-d1', ...ask })
    .on('text', (piece) => (text += piece))
    .finalMessage();
  assert.equal(message.content[0].text, text);
  assert.equal(wordsOf(text), 40);
  await own.booked({ ...usageOf(message), operation: 'messages' });
});

test('tools streamed, and a turn with the result', async () => {
  const own = new Case();
  const client = own.anthropic();
  const messages = [{ role: 'user', content: 'look [[tool weather {"city": "Bergen"}]]' }];
  const options = { model: 'sim-tool', max_tokens: 256, tools: [weather] };
  const asked = await client.messages.stream({ ...options, messages }).finalMessage();
  const call = asked.content.find((block) => block.type === 'tool_use');
  assert.deepEqual([call.name, call.input], ['weather', { city: 'Bergen' }]);
  const result = { type: 'tool_result', tool_use_id: call.id, content: 'rain' };
  const told = await client.messages.create({
    ...options,
    messages: [
      ...messages,
      { role: 'assistant', content: asked.content },
      { role: 'user', content: [result] },
    ],
  });
  assert.equal(told.stop_reason, 'end_turn');
  const [first, second] = await own.rows(2);
  await own.booked({ ...usageOf(asked), operation: 'messages', row: first });
  await own.booked({ ...usageOf(told), operation: 'messages', row: second });
});

test('structured output', async () => {
  const own = new Case();
  const message = await own.anthropic().messages.parse({
    model: 'sim-fast', ...ask, output_config: { format: zodOutputFormat(Invoice) },
  });
  assert.deepEqual(Invoice.parse(message.parsed_output), message.parsed_output);
  await own.booked({ ...usageOf(message), operation: 'messages' });
});

test('count tokens', async () => {
  const own = new Case();
  const { messages } = ask;
  const count = await own.anthropic().messages.countTokens({ model: 'sim-fast', messages });
  assert.ok(count.input_tokens > 0);
  const [row] = await own.rows(1);
  assert.deepEqual([row.operation, row.outcome], ['count_tokens', 'completed']);
});

test('models', async () => {
  const own = new Case();
  const names = [];
  for await (const model of own.anthropic().models.list()) names.push(model.id);
  assert.ok(names.includes('sim-fast'), names);
  await own.rows(0);
});

for (const base of ['', '/', '/v1', '/v1/']) {
  test(`base URL with '${base}'`, async () => {
    const own = new Case();
    const message = await own.anthropic({ base }).messages.create({ model: 'sim-t5', ...ask });
    await own.booked({ ...usageOf(message), operation: 'messages' });
  });
}

test('wrong key', async () => {
  const own = new Case();
  const client = own.anthropic({ apiKey: 'rk-wrong-but-long-enough' });
  const error = await rejection(client.messages.create({ model: 'sim-fast', ...ask }));
  assert.ok(error instanceof Anthropic.AuthenticationError, error);
  assert.equal(error.type, 'authentication_error');
  await own.rows(0);
});

test('model nobody has', async () => {
  const own = new Case();
  const error = await rejection(own.anthropic().messages.create({ model: 'no-such', ...ask }));
  assert.ok(error instanceof Anthropic.NotFoundError, error);
  const [row] = await own.rows(1);
  assert.deepEqual([row.outcome, row.status], ['refused', 404]);
});

for (const [model, kind, status] of [
  ['limited', Anthropic.RateLimitError, 429],
  ['broken', Anthropic.InternalServerError, 500],
  ['overloaded', Anthropic.OverloadedError, 529],
]) {
  test(`a provider's ${status} is its own`, async () => {
    const own = new Case();
    const error = await rejection(own.anthropic().messages.create({
      model: `mock-anthropic/${model}-messages`,
      max_tokens: 256,
      messages: [{ role: 'user', content: own.session }],
    }));
    assert.ok(error instanceof kind, error);
    assert.equal(error.status, status);
    const rows = await own.rows(ATTEMPTS_OF_SDK);
    assert.ok(rows.every((row) => row.outcome === 'provider_failed' && row.status === status));
    assert.equal((await own.mocked(own.session)).length, ATTEMPTS_OF_SDK);
  });
}

test('invalid request', async () => {
  const own = new Case();
  const wrong = { model: 'sim-fast', max_tokens: 256, messages: [] };
  const error = await rejection(own.anthropic().messages.create(wrong));
  assert.ok(error instanceof Anthropic.BadRequestError, error);
  assert.equal((await own.rows(1))[0].status, 400);
});

test('a broken stream is an error of the SDK', async () => {
  const own = new Case();
  const stream = own.anthropic().messages.stream({ model: 'sim-t40-trunc20', ...ask });
  const error = await rejection(stream.finalMessage());
  assert.ok(error instanceof Anthropic.APIError, error);
  assert.equal((await own.rows(1))[0].outcome, 'provider_failed');
});

test('a stream torn within an event is an error of the SDK', async () => {
  const own = new Case();
  const stream = own.anthropic().messages.stream({ model: 'mock-anthropic/torn', ...ask });
  const error = await rejection(stream.finalMessage());
  assert.ok(error instanceof Anthropic.APIError, error);
  assert.equal((await own.rows(1))[0].outcome, 'provider_failed');
});

test('a client that leaves a stream', async () => {
  const own = new Case();
  const stream = await own.anthropic().messages.create({
    ...ask, model: 'sim-inf', max_tokens: 1_000_000, stream: true,
  });
  let count = 0;
  for await (const event of stream) if (event && ++count === 20) break;
  const row = await own.rowOfLeft();
  assert.equal(row.outcome, 'client_gone');
  const truth = await own.truthOfLeft(row);
  assert.equal(truth.state, 'aborted');
});

test('thirty streams at once', async () => {
  const own = new Case();
  const client = own.anthropic();
  const one = async (pieces) => {
    const stream = client.messages.stream({ model: `sim-t${pieces}-d2`, ...ask });
    const message = await stream.finalMessage();
    assert.equal(message.usage.output_tokens, pieces);
    return [stream.response.headers.get('x-recloser-call'),
      [message.usage.input_tokens, message.usage.output_tokens]];
  };
  const reported = await Promise.all(Array.from({ length: 30 }, (_, n) => one(50 + n)));
  const rows = await own.rows(30);
  assert.ok(rows.every((row) => row.outcome === 'completed'));
  const booked = rows.map((row) => [row.id, [row.input_tokens, row.output_tokens]]);
  assert.deepEqual(Object.fromEntries(booked), Object.fromEntries(reported));
});
