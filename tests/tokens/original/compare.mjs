// Our encodings beside OpenAI's own tokenizer (npm tiktoken, its Rust built for WebAssembly) on
// random and hostile texts:
//
//   compare.mjs NODE_MODULES ENCODE_TEXTS TEXTS SEED
//
// The last line is `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, program, wanted, seedText] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Tiktoken } = require("tiktoken");
const batchTexts = 20_000;
const shownMax = 5;

let state = BigInt(seedText);
function below(n) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(n));
}
const oneOf = (list) => list[below(list.length)];

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const spaces = [" ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "  ", "\u2028", "\u0085", "\n\n",
  "\r"];
const contractions = ["'s", "'S", "'ll", "'re", "'Ve", "'D", "'M", "'T", "'\u017f", "\u2019s"];
// Where kinds of characters begin: letters of either case or none, marks, numbers, symbols.
const begins = [0x41, 0x61, 0x300, 0x1c5, 0x2b0, 0x5d0, 0x4e00, 0xac00, 0x410, 0x430, 0x661, 0x2160,
  0xb2, 0x1f600, 0x200d, 0xfe0f, 0x20e3, 0x1f1e6, 0xe01, 0x3042, 0x915];
const words = ["the", " the", " of", "ing", "tion", "http://", "function", "();\n", "    ", "==",
  "----", "\u4e2d\u56fd", "\u0645\u0646", "\u043d\u0435", "<|endoftext|>", "<|im_start|>", "0x",
  "1,000.50", "\ufffd"];

const kinds = [
  () => String.fromCharCode(32 + below(95)),
  () => oneOf(spaces),
  () => oneOf(contractions),
  () => String.fromCodePoint(oneOf(begins) + below(20)),
  () => { // any character but half a pair
    const c = below(0x110000 - 0x800);
    return String.fromCodePoint(c < 0xd800 ? c : c + 0x800);
  },
  () => oneOf(words),
  () => oneOf(letters),
  () => String(below(1_000_000)),
  () => oneOf(letters).repeat(1 + below(40)),
];

function randomText() {
  const favourite = below(kinds.length);
  const parts = below(20) === 0 ? below(300) : below(30);
  let text = "";
  for (let i = 0; i < parts; ++i) text += kinds[below(3) ? favourite : below(kinds.length)]();
  return text;
}

function encodedByUs(encoding, texts) {
  const pieces = [];
  for (const text of texts) {
    const bytes = Buffer.from(text, "utf8");
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    pieces.push(size, bytes);
  }
  const done = spawnSync(program, [encoding], { input: Buffer.concat(pieces), maxBuffer: 1 << 30 });
  if (done.status !== 0) throw new Error(`${program}: exit status ${done.status}`);
  return done.stdout.toString().split("\n");
}

let passed = 0, failed = 0;
for (const encoding of ["o200k", "cl100k"]) {
  const table = JSON.parse(readFileSync(`${modules}/tiktoken/encoders/${encoding}_base.json`));
  const original = new Tiktoken(table.bpe_ranks, table.special_tokens, table.pat_str);
  for (let left = Number(wanted); left > 0; left -= batchTexts) {
    const texts = Array.from({ length: Math.min(left, batchTexts) }, randomText);
    const ours = encodedByUs(encoding, texts);
    texts.forEach((text, i) => {
      const theirs = Array.from(original.encode_ordinary(text)).join(",");
      if (theirs === ours[i]) return ++passed;
      if (++failed <= shownMax) {
        console.log(`${encoding} ${JSON.stringify(text)}\n  theirs ${theirs}\n  ours   ${ours[i]}`);
      }
    });
  }
  original.free();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
