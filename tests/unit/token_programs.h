/* token_programs.h: models that continue a text: causal in many ways, and some that cannot go on token by
 * token. */
#ifndef AQ_TESTS_TOKEN_PROGRAMS_H
#define AQ_TESTS_TOKEN_PROGRAMS_H

struct token_program {
  const char *name, *text; /* of those that are refused: part of the reason */
};

static const char token_program_head[] =
    "dim D = 8, H = 2, K = D / H\n"
    "data { text: words[T <= 64, V], source: words[S <= 64, A], kind: class[C], v: vector[N] }\n"
    "loss cross_entropy\n"
    "train { epochs = 1 }\n"
    "head[H] look(x: [T, D], y: [P, D]) -> [T, K] {\n"
    "  query = project(x, K)\n  key = project(y, K)\n  value = project(y, K)\n  score = s / sqrt(K)\n}\n"
    "fn side(z: [T, H, K]) -> [T, D] = linear(reshape(z, [T, D]), D)\n";

#define WRITES(BODY)                                                                                         \
  "model m(text) -> next(text) {\n  x = embed(text, D)\n" BODY "\n  return linear(x, V)\n}\n"
/* Two layers, so that what is kept of the second is made of the first. */
#define HEAD(SLOTS)                                                                                          \
  WRITES("  x = layernorm(x + side(look(x, x) with {" SLOTS "}))\n"                                          \
         "  x = x + side(look(x, x) with {" SLOTS "})")

static const struct token_program token_programs[] = {
    {"no memory", WRITES("")},
    {"a network for each token", WRITES("  x = x + mlp(layernorm(x), 4 * D)")},
    {"causal", HEAD("mask = j <= i")},
    {"strictly before", HEAD("mask = j < i")},
    {"window", HEAD("mask = j <= i and i - j < 3")},
    {"window of each head", HEAD("mask = j <= i and i - j < 2 * (h + 1)")},
    {"window that is the score", HEAD("score = where(j <= i and i - j < 4, s - 0.1 * i * j, -inf)")},
    {"its own token alone", HEAD("mask = i == j")},
    {"window behind", HEAD("mask = i - j >= 2 and i - j < 5")},
    {"window of a sparse head", HEAD("norm = sparsemax(s)\n mask = j <= i and i - j < 3")},
    {"window with places", HEAD("score = s / sqrt(K) - 0.1 * i * h + sin(j) + alibi(i, j, h, H)\n"
                                " mask = j <= i and i - j < 3")},
    {"window with a gate of the keys", WRITES("  c = forgetting(x, H)\n  x = x + side(look(x, x) with {\n"
                                              "    score = s / sqrt(K) + c[i, h] - c[j, h]\n"
                                              "    mask = j <= i and i - j < 4\n  })\n"
                                              "  x = x + side(look(x, x) with { mask = j <= i })")},
    {"two windows on the same keys",
     WRITES("  k = rotary(reshape(project(x, D), [T, H, K]))\n"
            "  a = attend(k, k, k, H) with { mask = j <= i and i - j < 3 }\n"
            "  b = attend(k, grouped(k, H), k, H) with { mask = j <= i and i - j < 5 }\n"
            "  c = attend(k, k, k, H) with { mask = j <= i }\n  x = x + side(a) + side(b) + side(c)")},
    {"window of grouped keys",
     WRITES("  q = rotary(reshape(project(x, 2 * D), [T, 2 * H, K]))\n"
            "  k = rotary(reshape(project(x, D), [T, H, K]))\n  v = reshape(project(x, D), [T, H, K])\n"
            "  z = attend(q, grouped(k, 2 * H), grouped(v, 2 * H), 2 * H) with {\n"
            "    mask = j <= i and i - j < 4\n  }\n  x = x + linear(reshape(z, [T, 2 * D]), D)")},
    {"window of two kinds", HEAD("mask = streaming(i, j, 2, 1)")},
    {"strided", HEAD("mask = strided(i, j, 2, 3)")},
    {"prefix of a fixed length", HEAD("mask = j <= i or (prefix(j, 0))")},
    {"block", HEAD("mask = causal(i, j) and block(i, j, 4)")},
    {"neighbours", HEAD("mask = j <= i and neighbours(i, j, 3, 1)")},
    {"alibi", HEAD("score = s / sqrt(K) + alibi(i, j, h, H)\n mask = j <= i")},
    {"absolute positions in the score", HEAD("score = s / sqrt(K) - 0.1 * i * h + sin(j)\n mask = j <= i")},
    {"kerple", HEAD("score = s / sqrt(K) + kerple(i, j)\n mask = j <= i")},
    {"t5 bias", HEAD("score = s / sqrt(K) + t5_causal_bias(j - i, 8, 8)\n mask = j <= i")},
    {"soft cap", HEAD("score = softcap(s / sqrt(K), 2)\n mask = j <= i")},
    {"rotary", HEAD("query = rope(project(x, K))\n key = rope(project(x, K))\n mask = j <= i")},
    {"sparsemax", HEAD("norm = sparsemax(s)\n mask = j <= i")},
    {"entmax", HEAD("norm = entmax(s, 1.5)\n mask = j <= i")},
    {"two largest", HEAD("score = s - 0.03 * (i - j)\n norm = softmax(top_k(s, 2))\n mask = j <= i")},
    {"no normaliser", HEAD("norm = relu(s)\n mask = j <= i")},
    {"retention", HEAD("norm = retention(s, i, j, h)\n mask = causal(i, j)")},
    {"dropped when trained", HEAD("drop = 10%\n mask = j <= i")},
    {"attention sink", HEAD("norm = sink_softmax(s, param[] = 0.3, j)\n mask = j <= i")},
    {"signed softmax", HEAD("norm = signed_softmax(s)\n mask = j <= i")},
    {"weights that run along the keys", HEAD("norm = exp(s - 0.1 * cumsum(exp(s), j)) / 3\n mask = j <= i")},
    {"talking heads", WRITES("  b = param[H, H] = normal(1)\n  a = param[H, H] = normal(1)\n"
                             "  x = x + side(talking_heads(x, x, b, a, H, K) with { mask = j <= i })\n"
                             "  x = x + side(talking_heads(x, x, b, a, H, K) with { mask = j <= i })")},
    {"learned positions", WRITES("  x = position(x, 64)\n  x = x + side(look(x, x) with { mask = j <= i })")},
    {"sinusoids", WRITES("  x = sinusoid(x)\n  x = x + side(look(x, x) with { mask = j <= i })")},
    {"one head", WRITES("  x = x + self_attention(x) with { mask = j <= i }")},
    {"dropout beside", WRITES("  x = x + dropout(self_attention(x) with { mask = j <= i }, 0.1)")},
    {"relative positions", WRITES("  z = shaw(x, H, K, 3) with { mask = j <= i }\n  x = x + side(z)")},
    {"vectors by distance",
     WRITES("  r = param[4, D] = normal(0.5)\n"
            "  x = x + self_attention(x) with {\n"
            "    score = score + sum(query[i] * r[i - j, ..], D)\n    mask = j <= i\n  }")},
    {"what each key is to itself",
     WRITES("  b = x @ param[D, D] @ x'\n"
            "  x = x + self_attention(x) with { score = score + b[j, j], mask = j <= i }")},
    {"disentangled", WRITES("  places = param[8, D] = normal(0.3)\n"
                            "  z = disentangled(x, places, H, K) with { mask = j <= i }\n  x = x + side(z)")},
    {"euclidean", WRITES("  x = x + side(euclidean(x, x, H, K) with { mask = j <= i })")},
    {"cosine", WRITES("  x = x + side(cosine(x, x, H, K) with { mask = j <= i })")},
    {"learned heat",
     WRITES("  heat = param[] = 0.3\n"
            "  x = x + side(look(x, x) with { norm = softmax(s / exp(heat)), mask = j <= i })")},
    {"laplace", HEAD("norm = laplace_weights(s)\n mask = j <= i")},
    {"largest alone", HEAD("score = s - 0.03 * (i - j)\n norm = hard(s, j)\n mask = j <= i")},
    {"top k", HEAD("score = s - 0.03 * (i - j)\n norm = top_k_softmax(s, 3)\n mask = j <= i")},
    {"gumbel noise", HEAD("norm = softmax((s + gumbel()) / 0.5)\n mask = j <= i")},
    {"fading rotary", HEAD("query = xpos(project(x, K), 1)\n key = xpos(project(x, K), -1)\n mask = j <= i")},
    {"bilinear", WRITES("  x = x + side(bilinear(x, x, H, K) with { mask = j <= i })")},
    {"normalised queries and keys", WRITES("  x = x + side(qk_norm(x, x, H, K) with { mask = j <= i })\n"
                                           "  x = x + side(qk_norm(x, x, H, K) with { mask = j <= i })")},
    {"content and place", WRITES("  x = x + side(transformer_xl(x, H, K) with { mask = j <= i })\n"
                                 "  x = x + side(transformer_xl(x, H, K) with { mask = j <= i })")},
    {"forgetting gate", WRITES("  c = forgetting(x, H)\n  x = x + side(look(x, x) with {\n"
                               "    score = s / sqrt(K) + c[i, h] - c[j, h]\n    mask = j <= i\n  })\n"
                               "  c = forgetting(x, H)\n  x = x + side(look(x, x) with {\n"
                               "    score = s / sqrt(K) + c[i, h] - c[j, h]\n    mask = j <= i\n  })")},
    {"a network for each pair", WRITES("  x = x + side(additive(x, x, H, K) with { mask = j <= i })\n"
                                       "  x = x + side(additive(x, x, H, K) with { mask = j <= i })")},
    {"positions that are counted", WRITES("  x = x + side(contextual_positions(x, H, K, 4))\n"
                                          "  x = x + side(contextual_positions(x, H, K, 4))")},
    {"values of the first layer",
     WRITES("  first = reshape(project(x, D), [T, H, K])\n"
            "  x = x + side(look(x, x) with { mask = j <= i })\n  z = look(x, x) with {\n"
            "    value = value_residual(project(x, K), first)\n    mask = j <= i\n  }\n"
            "  x = x + gated(side(z), x)")},
    {"several heads",
     WRITES("  a = syntactic(x) with { mask = j <= i and i - j < 3 }\n"
            "  b = context(x) with { mask = j <= i }\n  c = semantic(x) with { mask = j <= i }\n"
            "  x = x + mix(a, b, c) + gated_mix(x, a, b)\n"
            "  x = x + self_attention(x) with { mask = j <= i }")},
    {"latent", WRITES("  z = latent(x, project(x, 5), rope(project(x, 2)), H, K) with { mask = j <= i }\n"
                      "  x = x + side(z)\n  x = x + side(look(x, x) with { mask = j <= i })")},
    {"one key for all heads",
     WRITES("  q = reshape(project(x, D), [T, H, K])\n"
            "  z = attend(q, project(x, K), project(x, K), H) with { mask = j <= i }\n"
            "  x = x + side(z)")},
    {"grouped keys",
     WRITES("  q = rotary(reshape(project(x, 2 * D), [T, 2 * H, K]))\n"
            "  k = rotary(reshape(project(x, D), [T, H, K]))\n  v = reshape(project(x, D), [T, H, K])\n"
            "  z = attend(q, grouped(k, 2 * H), grouped(v, 2 * H), 2 * H) with { mask = j <= i }\n"
            "  x = x + linear(reshape(z, [T, 2 * D]), D)")},
    {"causal linear attention",
     WRITES("  q = reshape(project(x, D), [T, H, K])\n  k = reshape(project(x, D), [T, H, K])\n"
            "  x = x + side(causal_linear_attention(q, k, reshape(project(x, D), [T, H, K])))\n"
            "  x = x + side(look(x, x) with { mask = j <= i })")},
    {"recurrent network", WRITES("  x = x + rnn(x, D)\n  x = x + rnn(x, D)")},
    {"gated recurrent units", WRITES("  x = gru(x, D)\n  x = gru(x, D)")},
    {"long short-term memory", WRITES("  x = lstm(x, D)\n  x = x + lstm(x, D)")},
    {"recurrent retention",
     WRITES("  q = reshape(project(x, D), [T, H, K])\n  k = reshape(project(x, D), [T, H, K])\n"
            "  x = x + side(recurrent_retention(q, k, reshape(project(x, D), [T, H, K]), 0.9))\n"
            "  x = x + rnn(x, D)")},
    {"delta rule",
     WRITES("  q = reshape(project(x, D), [T, H, K])\n  k = unit(reshape(project(x, D), [T, H, K]))\n"
            "  b = sigmoid(linear(x, H))\n"
            "  x = x + side(delta_rule(q, k, reshape(project(x, D), [T, H, K]), b))\n  x = x + rnn(x, D)")},
    {"running sum", WRITES("  x = x + linear(cumsum(x, T), D)\n  x = x + 0.1 * cumsum(x, T)")},
    {"running mean", WRITES("  n = expand(range(T) + 1, [T, D])\n  x = x + cumsum(x, T) / n\n"
                            "  x = x + side(look(x, x) with { mask = j <= i })")},
    {"shift", WRITES("  y = concat(zeros([1, D]), x[0..T - 1], axis = 0)\n  x = x + linear(y, D)\n"
                     "  x = x + side(look(x, x) with { mask = j <= i })")},
    {"learned shift by three",
     WRITES("  b = param[3, D] = normal(0.3)\n  p = concat(b, x, axis = 0)\n  x = x + linear(p[0..T], D)\n"
            "  x = x + linear(concat(b, x, axis = 0)[1..T + 1], D)")},
    {"convolution",
     WRITES("  p = concat(zeros([2, D]), x, axis = 0)\n"
            "  x = relu(linear(p[0..T], D) + linear(p[1..T + 1], D) + linear(p[2..T + 2], D))\n"
            "  p = concat(zeros([2, D]), x, axis = 0)\n"
            "  x = x + relu(linear(p[0..T], D) + linear(p[1..T + 1], D) + linear(p[2..T + 2], D))")},
    {"convolutions of the library", WRITES("  x = relu(conv(x, 3, D, causal = true))\n"
                                           "  x = x + conv(x, 2, D, causal = true)\n"
                                           "  x = linear(bigrams(x), D)")},
    {"first token", WRITES("  y = x[0]\n  x = x + expand(y, [T, D])\n"
                           "  x = x + side(look(x, x) with { mask = j <= i })")},
    {"memory before the text",
     WRITES("  m = param[2, D] = normal(0.3)\n"
            "  x = x + side(look(x, concat(m, x, axis = 0)) with { mask = j <= i + 2 })\n"
            "  x = x + side(look(x, concat(m, x, axis = 0)) with { mask = j <= i + 2 })")},
    {"gate of a table per position",
     WRITES("  g = param[64] = normal(1)\n  x = x * expand(g[0..T], [T, D])\n"
            "  x = x + side(look(x, x) with { mask = j <= i\n score = s + g[i] * g[j] })")},
    {"tied embeddings", "model m(text) -> next(text) {\n  E = param[V, D] = normal(0.3)\n  x = E[text]\n"
                        "  x = x + side(look(x, x) with { mask = j <= i })\n  return x @ E'\n}\n"},
    {"source",
     "model m(source, text) -> next(text) {\n  y = embed(source, D)\n  y = y + side(look(y, y))\n"
     "  x = embed(text, D)\n  x = x + side(look(x, x) with { mask = j <= i })\n"
     "  x = x + side(look(x, layernorm(y)))\n  x = x + side(look(x, y) with { score = s - abs(i - j) })\n"
     "  return linear(x, V)\n}\n"},
    {"source before the text",
     "model m(source, text) -> next(text) {\n  y = embed(source, D)\n  x = embed(text, D)\n"
     "  x = x + side(look(x, concat(y, x, axis = 0)) with { mask = j <= i + S })\n"
     "  x = x + side(look(x, concat(y, x, axis = 0)) with { mask = j <= i + S })\n"
     "  return linear(x, V)\n}\n"},
    {"recurrence that begins with the source",
     "model m(source, text) -> next(text) {\n  y = mean(gru(embed(source, D), D), S)\n  x = embed(text, D)\n"
     "  h = scan(gru_step, y, x)\n  return linear(x + h, V)\n}\n"},
    {"a look at the source in each step",
     "fn ask(state: [D], y: [D], memory: [S, D]) -> [D] {\n  seen = pool(state, memory)\n"
     "  return tanh(linear(y, D) + linear(seen, D) + project(state, D))\n}\n"
     "fn both(state: [D], y: [D], memory: [S, D]) {\n  seen = pool(state, memory)\n"
     "  return tanh(linear(y, D) + linear(seen, D) + project(state, D)), seen\n}\n"
     "model m(source, text) -> next(text) {\n  z = gru(embed(source, D), D)\n  y = embed(text, D)\n"
     "  h = scan(ask, zeros([D]), y, memory = z)\n"
     "  return linear(h + scan(both, mean(z, S), h, memory = z), V)\n}\n"},
    {"encoder and decoder",
     "model m(source, text) -> next(text) {\n  y = sinusoid(embed(source, D))\n"
     "  x = sinusoid(embed(text, D))\n  for l in 0..2 { y = encoder_layer(y, H, 4 * D, 0.1) }\n"
     "  for l in 0..2 { x = decoder_layer(x, layernorm(y), H, 4 * D, 0.1) }\n"
     "  return linear(layernorm(x), V)\n}\n"},
    {"causal encoder layers",
     WRITES("  for l in 0..2 { x = encoder_layer(x, H, 4 * D) with { mask = j <= i and i - j < 4 } }")},
    {"a kind", "model m(kind, text) -> next(text) {\n  x = embed(text, D) + expand(embed(kind, D), [T, D])\n"
               "  x = x + side(look(x, x) with { mask = j <= i })\n  return linear(x, V)\n}\n"},
    {"numbers", "model m(v, text) -> next(text) {\n  x = embed(text, D) + expand(linear(v, D), [T, D])\n"
                "  x = x + side(look(x, x) with { mask = j <= i })\n  return linear(x, V)\n}\n"},
};

static const struct token_program token_refused[] = {
    {"several axes",
     WRITES("  q = reshape(project(x, D), [T, H, K])\n  k = reshape(project(x, D), [T, H, K])\n"
            "  taken = selection(q[.., 0], k[.., 0])\n"
            "  z = attend(q, k, k, H) with { score = s / sqrt(K) - taken[i, j]\n mask = j <= i }\n"
            "  x = x + side(z)")},
    {"moves with the text", WRITES("  p = param[24, D]\n  q = concat(p[T..T + 2], p[0..2], axis = 0)\n"
                                   "  x = x + q[3]")},
    {"no shift", WRITES("  y = relu(x[0..T - 1])\n  x = x + concat(zeros([1, D]), y, axis = 0)")},
};

#endif
