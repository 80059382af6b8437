// The official OpenAI SDK, with nothing changed but its base URL and key.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { ATTEMPTS_OF_SDK, Case, rejection } from './case.mjs';

const messages = [{ role: 'user', content: 'hello' }];
const include = { include_usage: true };
const weather = {
  name: 'weather',
  description: 'of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city'],
  },
};
const askWeather = 'look [[tool weather {"city": "Bergen", "days": 3}]]';
const Invoice = z.object({ number: z.string(), cents: z.int(), paid: z.boolean() });

const usageOf = ({ usage }) => ({ given: usage.prompt_tokens, made: usage.completion_tokens });
const usageOfResponse = ({ usage }) => ({ given: usage.input_tokens, made: usage.output_tokens });
const wordsOf = (text) => text.trim().split(/\s+/).length;

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('chat', async () => {
  const own = new Case();
  const { data: answer, response } = await own
    .openai()
    .chat.completions.create({ model: 'sim-t12', messages })
    .withResponse();
  assert.equal(wordsOf(answer.choices[0].message.content), 12);
  const row = await own.booked({ ...usageOf(answer), operation: 'chat' });
  assert.equal(response.headers.get('x-recloser-call'), row.id);
});

test('chat stream with usage', async () => {
  const own = new Case();
  const chunks = await all(
    await own.openai().chat.completions.create({
      model: 'sim-t40-d1', messages, stream: true, stream_options: include,
    }),
  );
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.completion_tokens, 40);
  await own.booked({ ...usageOf(chunks.at(-1)), operation: 'chat' });
});

test('chat stream without usage shows none and is booked exactly', async () => {
  const own = new Case();
  const chunks = await all(
    await own.openai().chat.completions.create({ model: 'sim-t40', messages, stream: true }),
  );
  assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !('usage' in chunk)));
  const [row] = await own.rows(1);
  const { input } = await own.truth(row);
  await own.booked({ given: input, made: 40, operation: 'chat', row });
});

test('responses', async () => {
  const own = new Case();
  const answer = await own.openai().responses.create({ model: 'sim-t15', input: 'hello' });
  assert.equal(wordsOf(answer.output_text), 15);
  await own.booked({ ...usageOfResponse(answer), operation: 'responses' });
});

test('responses stream', async () => {
  const own = new Case();
  const stream = own.openai().responses.stream({ model: 'sim-t15-d1', input: 'hello' });
  let text = '';
  stream.on('response.output_text.delta', ({ delta }) => (text += delta));
  const answer = await stream.finalResponse();
  assert.equal(answer.output_text, text);
  await own.booked({ ...usageOfResponse(answer), operation: 'responses' });
});

test('tools streamed, and a turn with the result', async () => {
  const own = new Case();
  const tools = [{ type: 'function', function: weather }];
  const asking = [{ role: 'user', content: askWeather }];
  const client = own.openai();
  const asked = await client.chat.completions
    .stream({ model: 'sim-tool', messages: asking, tools, stream_options: include })
    .finalChatCompletion();
  const [call] = asked.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'weather');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Bergen', days: 3 });
  const told = await client.chat.completions.create({
    model: 'sim-tool',
    tools,
    messages: [
      ...asking,
      asked.choices[0].message,
      { role: 'tool', tool_call_id: call.id, content: 'rain' },
    ],
  });
  assert.ok(told.choices[0].message.content);
  const [first, second] = await own.rows(2);
  await own.booked({ ...usageOf(asked), operation: 'chat', row: first });
  await own.booked({ ...usageOf(told), operation: 'chat', row: second });
});

test('tools of responses', async () => {
  const own = new Case();
  const answer = await own
    .openai()
    .responses.stream({
      model: 'sim-tool', input: askWeather, tools: [{ type: 'function', ...weather }],
    })
    .finalResponse();
  const call = answer.output.find((item) => item.type === 'function_call');
  assert.deepEqual(JSON.parse(call.arguments), { city: 'Bergen', days: 3 });
  await own.booked({ ...usageOfResponse(answer), operation: 'responses' });
});

test('structured output', async () => {
  const own = new Case();
  const answer = await own.openai().chat.completions.parse({
    model: 'sim-fast', messages, response_format: zodResponseFormat(Invoice, 'invoice'),
  });
  assert.deepEqual(Invoice.parse(answer.choices[0].message.parsed),
    answer.choices[0].message.parsed);
  await own.booked({ ...usageOf(answer), operation: 'chat' });
});

test('structured output of responses', async () => {
  const own = new Case();
  const answer = await own.openai().responses.parse({
    model: 'sim-fast', input: 'hello', text: { format: zodTextFormat(Invoice, 'invoice') },
  });
  assert.deepEqual(Invoice.parse(answer.output_parsed), answer.output_parsed);
  await own.booked({ ...usageOfResponse(answer), operation: 'responses' });
});

test('embeddings', async () => {
  const own = new Case();
  const answer = await own.openai().embeddings.create({ model: 'sim-fast', input: ['one', 'two'] });
  assert.equal(answer.data.length, 2);
  assert.ok(answer.data[0].embedding.every(Number.isFinite));
  await own.booked({ given: answer.usage.prompt_tokens, made: 0, operation: 'embeddings' });
});

test('completions', async () => {
  const own = new Case();
  const ask = { model: 'sim-t7', prompt: 'hello', max_tokens: 50 };
  const answer = await own.openai().completions.create(ask);
  assert.equal(wordsOf(answer.choices[0].text), 7);
  await own.booked({ ...usageOf(answer), operation: 'completions' });
});

test('models', async () => {
  const own = new Case();
  const names = (await all(own.openai().models.list())).map((model) => model.id);
  for (const name of ['house-chat', 'sim-fast', 'sim-smart']) assert.ok(names.includes(name), name);
  assert.equal((await own.openai().models.retrieve('sim-fast')).id, 'sim-fast');
  await own.rows(0);
});

for (const base of ['/v1', '/v1/', '', '/']) {
  test(`base URL with '${base}'`, async () => {
    const own = new Case();
    const ask = { model: 'sim-t5', messages };
    const answer = await own.openai({ base }).chat.completions.create(ask);
    await own.booked({ ...usageOf(answer), operation: 'chat' });
  });
}

test('wrong key', async () => {
  const own = new Case();
  const client = own.openai({ apiKey: 'rk-wrong-but-long-enough' });
  const error = await rejection(client.chat.completions.create({ model: 'sim-fast', messages }));
  assert.ok(error instanceof OpenAI.AuthenticationError, error);
  assert.deepEqual([error.status, error.code], [401, 'invalid_key']);
  await own.rows(0);
});

test('model nobody has', async () => {
  const own = new Case();
  const error = await rejection(
    own.openai().chat.completions.create({ model: 'house-chta', messages }),
  );
  assert.ok(error instanceof OpenAI.NotFoundError, error);
  assert.equal(error.code, 'model_not_found');
  assert.match(error.message, /house-chat/);
  const [row] = await own.rows(1);
  assert.deepEqual([row.outcome, row.status, row.attempts], ['refused', 404, []]);
});

for (const [model, kind, status] of [
  ['limited', OpenAI.RateLimitError, 429],
  ['broken', OpenAI.InternalServerError, 500],
  ['overloaded', OpenAI.InternalServerError, 529],
]) {
  test(`a provider's ${status} is its own`, async () => {
    const own = new Case();
    const ask = { model: `mock/${model}`, messages: [{ role: 'user', content: own.session }] };
    const error = await rejection(own.openai().chat.completions.create(ask));
    assert.ok(error instanceof kind, error);
    assert.equal(error.status, status);
    assert.equal(error.error.message, `the mock is ${model}`);
    const rows = await own.rows(ATTEMPTS_OF_SDK);
    assert.ok(rows.every((row) => row.outcome === 'provider_failed' && row.status === status));
    assert.equal((await own.mocked(own.session)).length, ATTEMPTS_OF_SDK);
  });
}

test('invalid request', async () => {
  const own = new Case();
  const ask = { model: 'sim-fast', messages: [] };
  const error = await rejection(own.openai().chat.completions.create(ask));
  assert.ok(error instanceof OpenAI.BadRequestError, error);
  assert.equal((await own.rows(1))[0].status, 400);
});

test('a broken stream is an error of the SDK', async () => {
  const own = new Case();
  const ask = { model: 'sim-t40-trunc20', messages, stream: true };
  const stream = await own.openai().chat.completions.create(ask);
  const error = await rejection(all(stream));
  assert.ok(error instanceof OpenAI.APIError, error);
  assert.equal((await own.rows(1))[0].outcome, 'provider_failed');
});

test('a stream torn within an event is an error of the SDK', async () => {
  const own = new Case();
  const ask = { model: 'mock/torn', messages, stream: true };
  const stream = await own.openai().chat.completions.create(ask);
  const error = await rejection(all(stream));
  assert.ok(error instanceof OpenAI.APIError, error);
  assert.equal((await own.rows(1))[0].outcome, 'provider_failed');
});

test('a client that leaves a stream', async () => {
  const own = new Case();
  const ask = { model: 'sim-inf', messages, stream: true };
  const stream = await own.openai().chat.completions.create(ask);
  let count = 0;
  for await (const chunk of stream) if (chunk && ++count === 20) break;
  const row = await own.rowOfLeft();
  assert.equal(row.outcome, 'client_gone');
  const truth = await own.truthOfLeft(row);
  assert.equal(truth.state, 'aborted');
});

test('thirty streams at once', async () => {
  const own = new Case();
  const client = own.openai();
  const one = async (pieces) => {
    const { data: stream, response } = await client.chat.completions
      .create({ model: `sim-t${pieces}-d2`, messages, stream: true, stream_options: include })
      .withResponse();
    const chunks = await all(stream);
    const { usage } = chunks.at(-1);
    assert.equal(chunks.filter((chunk) => chunk.choices[0]?.delta.content).length, pieces);
    return [response.headers.get('x-recloser-call'),
      [usage.prompt_tokens, usage.completion_tokens]];
  };
  const reported = await Promise.all(Array.from({ length: 30 }, (_, n) => one(50 + n)));
  const rows = await own.rows(30);
  assert.ok(rows.every((row) => row.outcome === 'completed'));
  const booked = rows.map((row) => [row.id, [row.input_tokens, row.output_tokens]]);
  assert.deepEqual(Object.fromEntries(booked), Object.fromEntries(reported));
});
