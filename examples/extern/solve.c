/* solve.c: a routine of BLAS that aq has not: x with L x = b, for a triangular L.
 *
 *     cc -O2 -shared -fPIC -o libsolve.so solve.c -lopenblas
 *
 * It is called once for a whole batch (AQ_BATCH), and takes the examples one by one from there. L may be one
 * for all of them, or one for each. What stands above the diagonal of L is not read, and receives 0. */
#include <aq_extern.h>
#include <cblas.h>
#include <string.h>

#define SOLVE(real, trsm, gemm)                                                                              \
  static const char *singular_##real(const real *L, int64_t N) {                                             \
    for (int64_t i = 0; i < N; i++)                                                                          \
      if (L[i * N + i] == 0) return "the matrix has a 0 in its diagonal";                                    \
    return NULL;                                                                                             \
  }                                                                                                          \
  static const char *solve_##real(int64_t examples, const aq_extern_tensor *L, const aq_extern_tensor *b,    \
                                  aq_extern_tensor *x) {                                                     \
    for (int64_t e = 0; e < examples; e++) {                                                                 \
      const int N = (int)aq_extern_size(b, 0, e), K = (int)aq_extern_size(b, 1, e);                          \
      const real *l = (const real *)L->data + aq_extern_begin(L, e);                                         \
      real *to = (real *)x->data + aq_extern_begin(x, e);                                                    \
      const char *wrong = singular_##real(l, N);                                                             \
      if (wrong) return wrong;                                                                               \
      memcpy(to, (const real *)b->data + aq_extern_begin(b, e), sizeof(real) * (size_t)N * (size_t)K);       \
      if (N > 0 && K > 0)                                                                                    \
        trsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, N, K, 1, l, N, to, K);        \
    }                                                                                                        \
    return NULL;                                                                                             \
  }                                                                                                          \
  /* db solves L' db = dx; dL is the lower triangle of -db x'. */                                            \
  static const char *solve_grad_##real(                                                                      \
      int64_t examples, const aq_extern_tensor *L, const aq_extern_tensor *b, const aq_extern_tensor *x,     \
      const aq_extern_tensor *dx, aq_extern_tensor *dL, aq_extern_tensor *db) {                              \
    for (int64_t e = 0; e < examples; e++) {                                                                 \
      const int N = (int)aq_extern_size(b, 0, e), K = (int)aq_extern_size(b, 1, e);                          \
      const real *l = (const real *)L->data + aq_extern_begin(L, e);                                         \
      const real *y = (const real *)x->data + aq_extern_begin(x, e);                                         \
      real *to = (real *)db->data + aq_extern_begin(db, e), *tl = (real *)dL->data + aq_extern_begin(dL, e); \
      memcpy(to, (const real *)dx->data + aq_extern_begin(dx, e), sizeof(real) * (size_t)N * (size_t)K);     \
      memset(tl, 0, sizeof(real) * (size_t)N * (size_t)N);                                                   \
      if (N == 0 || K == 0) continue;                                                                        \
      trsm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, N, K, 1, l, N, to, K);            \
      gemm(CblasRowMajor, CblasNoTrans, CblasTrans, N, N, K, -1, to, K, y, K, 0, tl, N);                     \
      for (int i = 0; i < N; i++)                                                                            \
        for (int j = i + 1; j < N; j++) tl[i * N + j] = 0;                                                   \
    }                                                                                                        \
    return NULL;                                                                                             \
  }
SOLVE(float, cblas_strsm, cblas_sgemm)
SOLVE(double, cblas_dtrsm, cblas_dgemm)

AQ_EXTERN(solve, AQ_FUNCTION | AQ_BATCH, "(L: [N, N], b: [N, K]) -> [N, K]", solve_float, solve_double)
AQ_EXTERN(solve_grad, AQ_GRADIENT | AQ_BATCH, "(L: [N, N], b: [N, K]) -> [N, K]", solve_grad_float,
          solve_grad_double)
