#!/bin/sh
# compare-tokenisers.sh: ids of texts are those of Hugging Face's tokenisers. AQ_TOKENIZERS names the folder of
# the npm package @huggingface/tokenizers: `npm install @huggingface/tokenizers` somewhere, then
# AQ_TOKENIZERS=…/node_modules/@huggingface/tokenizers. The texts are 10,000 of random characters
# (AQ_TOKENISER_SEED=N: others) and all that ../shared/data has. Exit code 77: skipped.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
data=$top/../shared/data
package=${AQ_TOKENIZERS:-}
if [ -z "$package" ] || ! node -e 0 2>/dev/null; then
  echo "skipped: no node, or AQ_TOKENIZERS does not name the npm package @huggingface/tokenizers"
  exit 77
fi
if [ ! -d "$data/vocab" ]; then
  echo "skipped: no vocabularies at $data/vocab"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$TOKEN_HOST" random "${AQ_TOKENISER_SEED:-1}" 10000 > "$work/random"
cat > "$work/compare.mjs" <<'JS'
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
const [host, folder, data, randomFile] = process.argv.slice(2);
const { Tokenizer } = createRequire(import.meta.url)(folder + "/dist/tokenizers.cjs");

const random = readFileSync(randomFile, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
const files = readdirSync(data, { recursive: true }).filter(f => /\.(tsv|txt)$/.test(f) && !f.startsWith("vocab/"));
const texts = new Set();
for (const file of files)
  for (const line of readFileSync(data + "/" + file, "utf8").split("\n"))
    for (const field of line.split("\t")) if (/\p{L}/u.test(field)) texts.add(field.replace(/\r$/, ""));

const special = (vocab, names) => names.filter(n => vocab[n] !== undefined).map(content => (
  { id: vocab[content], content, special: true, normalized: false, single_word: false, lstrip: false, rstrip: false }));

function bert(file, lowercase) {
  const vocab = Object.fromEntries(readFileSync(file, "utf8").replace(/\n$/, "").split("\n").map((w, i) => [w, i]));
  const t = new Tokenizer({
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    pre_tokenizer: { type: "BertPreTokenizer" }, post_processor: null, decoder: null,
    added_tokens: special(vocab, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
  }, {});
  // The package looks at UTF-16 units here, and so misses the ideographs beyond U+FFFF, which BERT spaces out.
  const han = /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
  t.normalizer.tokenize_chinese_chars = text => text.replace(han, " $& ");
  return t;
}

function gpt2(ids, merges) {
  const vocab = JSON.parse(readFileSync(ids, "utf8"));
  const t = new Tokenizer({
    normalizer: null, pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
    post_processor: null, decoder: { type: "ByteLevel" }, added_tokens: special(vocab, ["<|endoftext|>"]),
    model: { type: "BPE", vocab, merges: readFileSync(merges, "utf8").split("\n").slice(1).filter(Boolean) },
  }, {});
  // \s of JavaScript has U+FEFF and lacks U+0085; GPT-2's is Unicode's White_Space.
  t.pre_tokenizer.pattern = new RegExp(t.pre_tokenizer.pattern.source.replace(/\\s/g, "\\p{White_Space}")
    .replace(/\\S/g, "\\P{White_Space}"), "gu");
  return t;
}

// As Llama 3 takes texts apart, with GPT-2's entries. A word that is an entry is taken whole; three marks.
function llama(ids, merges, digits, whole) {
  const vocab = JSON.parse(readFileSync(ids, "utf8")), marks = ["<|endoftext|>", "[MASK]", "[UNK]"];
  marks.slice(1).forEach((mark, k) => { vocab[mark] = 50257 + k; });
  const pattern = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" + digits +
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const json = {
    normalizer: null, post_processor: null, decoder: { type: "ByteLevel" }, added_tokens: special(vocab, marks),
    pre_tokenizer: { type: "Sequence", pretokenizers: [
      { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false }] },
    model: { type: "BPE", ignore_merges: whole, vocab,
             merges: readFileSync(merges, "utf8").split("\n").slice(1).filter(Boolean) },
  };
  const t = new Tokenizer(json, {}), split = t.pre_tokenizer.tokenizers[0];
  split.pattern = new RegExp(split.pattern.source.replace(/\\s/g, "\\p{White_Space}")
    .replace(/\\S/g, "\\P{White_Space}"), "gu");
  return [t, json];
}

let failed = 0;
function compare(name, tokenizer, ...how) {
  const all = [...random, ...texts];
  const input = all.map(text => JSON.stringify(text)).join("\n") + "\n";
  const ours = execFileSync(host, how, { input, maxBuffer: 1 << 30 }).toString().split("\n");
  let apart = 0;
  all.forEach((text, i) => {
    const theirs = tokenizer.encode(text, { add_special_tokens: false }).ids.join(" ");
    if (theirs === ours[i]) return;
    if (apart++ < 3) console.log(`${name}: ${JSON.stringify(text)}\n  ours   ${ours[i]}\n  theirs ${theirs}`);
  });
  console.log(`${name}: ${random.length} random and ${texts.size} real texts, ${apart} differ`);
  failed += apart;
}

const uncased = data + "/vocab/bert-base-uncased.txt", chinese = data + "/vocab/bert-base-chinese.txt";
compare("uncased", bert(uncased, true), "wordpiece", uncased, "lower");
compare("cased", bert(uncased, false), "wordpiece", uncased, "cased");
compare("Chinese", bert(chinese, true), "wordpiece", chinese, "lower");
compare("Chinese, cased", bert(chinese, false), "wordpiece", chinese, "cased");
const ids = data + "/vocab/gpt2-encoder.json", merges = data + "/vocab/gpt2-vocab.bpe";
compare("GPT-2", gpt2(ids, merges), "bpe", ids, merges);
for (const [digits, whole] of [["{1,3}", true], ["", false]]) {
  const [tokenizer, json] = llama(ids, merges, digits, whole), file = randomFile + ".json";
  writeFileSync(file, JSON.stringify(json));
  compare("like Llama 3, \\p{N}" + digits, tokenizer, "bpe", file, "-");
}
const lines = readFileSync(uncased, "utf8").replace(/\n$/, "").split("\n");
writeFileSync(randomFile + ".json", JSON.stringify({
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100,
           vocab: Object.fromEntries(lines.map((w, i) => [w, i])) } }));
compare("uncased, tokenizer.json", bert(uncased, true), "wordpiece", randomFile + ".json", "lower");
process.exit(failed ? 1 : 0);
JS
node "$work/compare.mjs" "$TOKEN_HOST" "$(cd "$package" && pwd)" "$data" "$work/random"
