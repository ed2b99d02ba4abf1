/* generate_plain.c: what bench/generate.aq computes for each token, as plain loops: the measure of `aqc
 * generate`. Weights are random; tokens are chosen greedily. Prints tokens per second.
 *
 *     cc -O3 -march=native -o plain bench/generate_plain.c -lm && ./plain 256 */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { D = 64, H = 8, G = 4, K = D / H, L = 5, F = 172, V = 512, LONGEST = 512 };

static float table[V * D], last[D];
static struct layer {
  float q[D * D], k[D * G * K], v[D * G * K], o[D * D], gate[D * F], up[D * F], down[F * D];
  float norm[2][D];
  float keys[LONGEST * G * K], values[LONGEST * G * K];
} layer[L];

static void fill(float *w, int count) {
  for (int i = 0; i < count; i++) w[i] = (float)rand() / (float)RAND_MAX * 0.4f - 0.2f;
}

/* y[n] = W[n, k] x[k]: weights are stored by output, as pretrained ones are. */
static void product(float *y, const float *w, const float *x, int n, int k) {
  for (int i = 0; i < n; i++) {
    float sum = 0;
    for (int j = 0; j < k; j++) sum += w[i * k + j] * x[j];
    y[i] = sum;
  }
}

static void normalise(float *y, const float *x, const float *gain) {
  float sum = 0;
  for (int i = 0; i < D; i++) sum += x[i] * x[i];
  float by = 1 / sqrtf(sum / D + 1e-5f);
  for (int i = 0; i < D; i++) y[i] = gain[i] * (x[i] * by);
}

static void turn(float *x, int heads, int at) {
  for (int h = 0; h < heads; h++)
    for (int i = 0; i < K / 2; i++) {
      float angle = (float)at * powf(10000, -2.0f * (float)i / K), c = cosf(angle), s = sinf(angle);
      float *a = &x[h * K + i], *b = &x[h * K + i + K / 2], was = *a;
      *a = was * c - *b * s;
      *b = *b * c + was * s;
    }
}

static void attend(const struct layer *l, const float *q, float *z, int at) {
  float weight[LONGEST];
  for (int h = 0; h < H; h++) {
    const float *query = q + h * K, *key = l->keys + h * G / H * K, *value = l->values + h * G / H * K;
    float most = -INFINITY, sum = 0;
    for (int t = 0; t <= at; t++) {
      float s = 0;
      for (int i = 0; i < K; i++) s += query[i] * key[t * G * K + i];
      weight[t] = s / sqrtf(K);
      if (weight[t] > most) most = weight[t];
    }
    for (int t = 0; t <= at; t++) sum += weight[t] = expf(weight[t] - most);
    memset(z + h * K, 0, K * sizeof *z);
    for (int t = 0; t <= at; t++)
      for (int i = 0; i < K; i++) z[h * K + i] += weight[t] / sum * value[t * G * K + i];
  }
}

static int next(int token, int at) {
  float x[D], y[D], q[D], z[D], gate[F], up[F], score[V];
  memcpy(x, table + token * D, sizeof x);
  for (struct layer *l = layer; l < layer + L; l++) {
    float *k = l->keys + at * G * K, *v = l->values + at * G * K;
    normalise(y, x, l->norm[0]);
    product(q, l->q, y, D, D);
    product(k, l->k, y, G * K, D);
    product(v, l->v, y, G * K, D);
    turn(q, H, at);
    turn(k, G, at);
    attend(l, q, z, at);
    product(y, l->o, z, D, D);
    for (int i = 0; i < D; i++) x[i] += y[i];
    normalise(y, x, l->norm[1]);
    product(gate, l->gate, y, F, D);
    product(up, l->up, y, F, D);
    for (int i = 0; i < F; i++) gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
    product(y, l->down, gate, D, F);
    for (int i = 0; i < D; i++) x[i] += y[i];
  }
  normalise(y, x, last);
  product(score, table, y, V, D);
  int best = 0;
  for (int i = 1; i < V; i++)
    if (score[i] > score[best]) best = i;
  return best;
}

int main(int argc, char **argv) {
  int length = argc > 1 ? atoi(argv[1]) : 256, rounds = 20, token = 1;
  struct timespec from, to;
  if (length < 1 || length > LONGEST) return 1;
  fill(table, V * D);
  for (int i = 0; i < D; i++) last[i] = 1;
  for (int l = 0; l < L; l++) {
    fill(layer[l].q, (int)(offsetof(struct layer, norm) / sizeof(float)));
    for (int i = 0; i < 2 * D; i++) layer[l].norm[i / D][i % D] = 1;
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  for (int r = 0; r < rounds; r++)
    for (int at = 0; at < length; at++) token = next(token, at);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
  printf("%.0f tokens/s\n", rounds * length / seconds);
  return token < 0;
}
