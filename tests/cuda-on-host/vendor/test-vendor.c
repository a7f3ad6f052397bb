/* What cuda-dnn.c and cuda-blas.c ask of cuDNN and cuBLASLt: the very files, over libraries that do
 * on the host what the documentation says. Shows wrong operands, descriptors, workspaces,
 * alignments and plans; not what the real libraries make of them. */
#include "engine/backend/cuda/cuda-private.h"
#include <dlfcn.h>
#include <math.h>
#include <cublasLt.h>
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>
#include "engine/kernels/half.h"

#define DNN  "libcudnn.so." G_STRINGIFY(CUDNN_MAJOR)
#define BLAS "libcublasLt.so." G_STRINGIFY(CUBLAS_VER_MAJOR)

/* ---- what the two files need of the rest ----------------------------------------------------- */

static gsize taken_now;

cudaStream_t
cuda_stream(const SgBackend *b)
{
  return CU(b)->stream;
}

gpointer
cuda_pool_take(SgBackend *b, gsize bytes, gsize *taken, GError **error)
{
  *taken = bytes;
  taken_now += bytes;
  return g_malloc(bytes);
}

void
cuda_pool_give(SgBackend *b, gpointer data, gsize taken)
{
  taken_now -= data ? taken : 0;
  g_free(data);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int *
counter(const char *library, const char *name)
{
  void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  int *at = lib ? dlsym(lib, name) : NULL;
  if (!at)
    g_error("%s", dlerror());
  return at;
}

static SgBuf
plain(int n, int c, int h, int w, GRand *random)
{
  SgBuf b = {.n = n, .c = c, .h = h, .w = w};
  gsize count = (gsize)n * c * h * w;
  float *v = g_new(float, count);
  for (gsize i = 0; i < count; i++)
    v[i] = (float)g_rand_double_range(random, -1, 1);
  b.data = v;
  return b;
}

/* What a side holds, as [n, c, pixels] floats; to be freed. */
static float *
values(const SgBuf *b, int type)
{
  gsize c = (gsize)b->c, pixels = (gsize)b->h * b->w, count = (gsize)b->n * c * pixels;
  float *v = g_new(float, count);

  for (gsize i = 0; i < count; i++) {
    gsize at = (i / (c * pixels) * pixels + i % pixels) * c + i / pixels % c;
    guint16 half = type == CU_FLOAT ? 0 : ((guint16 *)b->data)[at];
    v[i] = type == CU_FLOAT  ? ((float *)b->data)[i]
           : type == CU_FP16 ? k_from_fp16(half)
                             : k_from_bf16(half);
  }
  return v;
}

/* Random numbers of that type. */
static SgBuf
side(int type, int n, int c, int h, int w, GRand *random)
{
  SgBuf b = plain(n, c, h, w, random);
  gsize count = (gsize)n * c * h * w;

  for (gsize i = 0; i < count && type != CU_FLOAT; i++) { /* in place: the halves are behind */
    float v = ((float *)b.data)[i];
    ((guint16 *)b.data)[i] = type == CU_FP16 ? k_to_fp16(v) : k_to_bf16(v);
  }
  return b;
}

static gboolean
form(CudaBackend *cu, const CudaForm *f, float alpha, SgBuf *const sides[3], gboolean *none,
     GError **error)
{
  return cuda_dnn_form(&cu->base, f, alpha, sides[SG_PASS_INPUT]->data, sides[SG_PASS_WEIGHT]->data,
                       sides[SG_PASS_OUTPUT]->data, none, error);
}

/* <narrow, conv (wide)> in all its three readings: the same number. And against a loop. */
static void
check_conv(CudaBackend *cu, int type, GRand *random, int n, int wide_c, int narrow_c, int k,
           int stride, int pad, int h, int w)
{
  GError *error = NULL;
  int oh = (h + 2 * pad - k) / stride + 1, ow = (w + 2 * pad - k) / stride + 1;
  CudaForm f = {type, 0, n, wide_c, narrow_c, k, stride, pad, h, w, oh, ow};
  SgBuf in[3], out[3];
  float *held[3];
  double found[3], size = 0;
  const double alpha = 0.25, u = type == CU_FP16 ? 0x1p-11 : type == CU_BF16 ? 0x1p-8 : 0x1p-20;

  in[SG_PASS_OUTPUT] = side(type, n, narrow_c, oh, ow, random);
  in[SG_PASS_INPUT] = side(type, n, wide_c, h, w, random);
  in[SG_PASS_WEIGHT] = side(type, narrow_c, wide_c, k, k, random);
  for (int p = 0; p < 3; p++)
    held[p] = values(&in[p], type);
  for (int p = 0; p < 3; p++) {
    gsize count = (gsize)in[p].n * in[p].c * in[p].h * in[p].w;
    out[p] = side(type, in[p].n, in[p].c, in[p].h, in[p].w, random);
    SgBuf *sides[3] = {&in[0], &in[1], &in[2]};
    sides[p] = &out[p];
    f.pass = p;
    g_assert_true(form(cu, &f, (float)alpha, sides, NULL, &error));
    g_assert_no_error(error);
    g_autofree float *result = values(&out[p], type);
    found[p] = size = 0;
    for (gsize i = 0; i < count; i++) {
      found[p] += (double)result[i] / alpha * held[p][i];
      size += fabs((double)result[i] / alpha * held[p][i]);
    }
    if (p > 0) /* each result is rounded once */
      g_assert_cmpfloat_with_epsilon(found[0], found[p], 4 * u * size + 1e-4);
  }
  double sum = 0, terms = 0; /* of output 0, 0 in the last sample and channel */
  for (int c = 0; c < wide_c; c++)
    for (int y = MAX(0, pad); y < k; y++)
      for (int x = MAX(0, pad); x < k; x++) {
        double product = (double)held[1][(((n - 1) * wide_c + c) * h + y - pad) * w + x - pad] *
                         held[2][((gsize)((narrow_c - 1) * wide_c + c) * k + y) * k + x];
        sum += product;
        terms += fabs(product);
      }
  g_autofree float *first = values(&out[0], type);
  g_assert_cmpfloat_with_epsilon((double)first[((n - 1) * narrow_c + narrow_c - 1) * oh * ow] /
                                     alpha,
                                 sum, u * fabs(sum) + terms * 1e-6);
  for (int p = 0; p < 3; p++) {
    g_free(in[p].data);
    g_free(out[p].data);
    g_free(held[p]);
  }
}

static void
test_conv(void)
{
  static const int cases[][8] = {{2, 3, 5, 3, 1, 1, 6, 7},
                                 {1, 4, 2, 1, 1, 0, 5, 5},
                                 {3, 2, 3, 3, 2, 0, 9, 11},
                                 {1, 3, 3, 3, 2, 1, 8, 8}};
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  int *chosen = counter(DNN, "vendor_chosen");

  for (int round = 0; round < 2; round++) /* the second one finds the plans */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
      const int *c = cases[i];
      for (int type = CU_FLOAT; type <= CU_BF16; type++)
        check_conv(&cu, type, random, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
    }
  g_assert_cmpint(*chosen, ==, 3 * 3 * G_N_ELEMENTS(cases));
  g_assert_cmpint(*counter(DNN, "vendor_wrong"), ==, 0);
  g_assert_cmpint(*counter(DNN, "vendor_refused"), ==, *chosen); /* once a plan */
  g_assert_cmpuint(taken_now, ==, 0);
  /* More shapes than plans are kept for: all are made, none is left over. */
  for (int h = 3; h < 3 + 400; h++)
    check_conv(&cu, CU_FLOAT, random, 1, 1, 1, 3, 1, 1, h, 3);
  int *live = counter(DNN, "vendor_live");
  g_assert_cmpint(*live, <=, 4 * 1024);
  cuda_dnn_close(cu.dnn);
  g_assert_cmpint(*live, ==, 0);
}

static void
test_refused(void)
{
  GError *error = NULL;
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  SgBuf wide = plain(1, 2, 6, 6, random), filter = plain(3, 2, 3, 3, random);
  SgBuf narrow = plain(1, 3, 9, 9, random); /* not what this convolution gives */
  SgBuf *sides[] = {&narrow, &wide, &filter};
  CudaForm f = {CU_FLOAT, SG_PASS_OUTPUT, 1, 2, 3, 3, 1, 1, 6, 6, 9, 9};

  g_assert_false(form(&cu, &f, 1, sides, NULL, &error));
  g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_FAILED);
  g_clear_error(&error);
  cuda_dnn_close(cu.dnn);
  g_assert_cmpint(*counter(DNN, "vendor_live"), ==, 0);
  g_free(wide.data);
  g_free(filter.data);
  g_free(narrow.data);
}

/* What there are no halves for is said, every time, and asked for once. */
static void
test_none(void)
{
  GError *error = NULL;
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  int *chosen = counter(DNN, "vendor_chosen"), before = *chosen;
  SgBuf b = plain(1, 8, 6, 6, random);
  SgBuf *sides[] = {&b, &b, &b};
  CudaForm f = {CU_BF16, SG_PASS_OUTPUT, 1, 8, 8, 5, 1, 2, 6, 6, 6, 6};

  for (int i = 0; i < 3; i++) {
    gboolean none = FALSE;
    g_assert_false(form(&cu, &f, 1, sides, &none, &error));
    g_assert_no_error(error);
    g_assert_true(none);
  }
  g_assert_cmpint(*chosen, ==, before + 1);
  cuda_dnn_close(cu.dnn);
  g_free(b.data);
}

/* Where all want more memory than is wished for, the most modest one is taken. */
static void
test_greedy(void)
{
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);

  check_conv(&cu, CU_FLOAT, random, 1, 2, 3, 7, 1, 3, 8, 8);
  g_assert_cmpint(*counter(DNN, "vendor_wrong"), ==, 0);
  g_assert_cmpuint(taken_now, ==, 0);
  cuda_dnn_close(cu.dnn);
}

/* All are refused when they are run: halves have none, floats cannot do. */
static void
test_all_refused(void)
{
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  int *refused = counter(DNN, "vendor_refused"), before = *refused;
  SgBuf b = plain(1, 8, 9, 9, random), filter = plain(8, 8, 9, 9, random);
  SgBuf *sides[] = {&b, &b, &filter};
  CudaForm f = {CU_FP16, SG_PASS_OUTPUT, 1, 8, 8, 9, 1, 4, 9, 9, 9, 9};

  for (int i = 0; i < 4; i++) {
    GError *error = NULL;
    gboolean none = FALSE;
    f.type = i < 2 ? CU_FP16 : CU_FLOAT;
    g_assert_false(form(&cu, &f, 1, sides, &none, &error));
    g_assert_true(none == (i < 2));
    g_assert_true((error == NULL) == (i < 2));
    g_assert_true(!error || g_str_has_suffix(error->message, "an error on the host"));
    g_clear_error(&error);
  }
  g_assert_cmpint(*refused, ==, before + 2 + 3); /* each once; halves do not try the greedy one */
  cuda_dnn_close(cu.dnn);
  g_free(b.data), g_free(filter.data);
}

/* Out of memory, a lost device, and what is neither: said as what it is. An algorithm that fails by
 * itself is passed over. */
static void
test_failures(void)
{
  static const struct {
    int says, code;
    gboolean memory;
  } all[] = {
#ifdef CUDNN_STATUS_CATEGORY
      {CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, G_FILE_ERROR_NOMEM, TRUE},
      {CUDNN_STATUS_EXECUTION_FAILED_CUDART, SG_BACKEND_ERROR_LOST, FALSE},
#endif
      {CUDNN_STATUS_ALLOC_FAILED, G_FILE_ERROR_NOMEM, TRUE},
      {CUDNN_STATUS_EXECUTION_FAILED, SG_BACKEND_ERROR_LOST, FALSE},
      {CUDNN_STATUS_BAD_PARAM, SG_BACKEND_ERROR_FAILED, FALSE},
      {CUDNN_STATUS_INTERNAL_ERROR, SG_BACKEND_ERROR_FAILED, FALSE}};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  SgBuf b = plain(1, 8, 6, 6, random), filter = plain(8, 8, 3, 3, random);
  SgBuf out = plain(1, 8, 6, 6, random);
  SgBuf *sides[] = {&out, &b, &filter};
  CudaForm f = {CU_FLOAT, SG_PASS_OUTPUT, 1, 8, 8, 3, 1, 1, 6, 6, 6, 6};
  int *says = counter(DNN, "vendor_says");

  for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
    CudaBackend cu = {.stream = (cudaStream_t)1};
    GError *error = NULL;
    *says = all[i].says;
    g_assert_false(form(&cu, &f, 1, sides, NULL, &error));
    *says = 0;
    GQuark domain = all[i].memory ? G_FILE_ERROR : SG_BACKEND_ERROR;
    g_assert_error(error, domain, all[i].code);
    g_clear_error(&error);
    g_assert_true(form(&cu, &f, 1, sides, NULL, &error) ==
                  (all[i].says != CUDNN_STATUS_INTERNAL_ERROR)); /* that left no algorithm */
    g_clear_error(&error);
    cuda_dnn_close(cu.dnn);
  }
  g_assert_cmpuint(taken_now, ==, 0);
  g_free(b.data), g_free(filter.data), g_free(out.data);
}

/* Plans of several precisions live side by side: a change makes none anew. */
static void
test_precisions(void)
{
  GError *error = NULL;
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  int *chosen = counter(DNN, "vendor_chosen"), before = *chosen;
  SgBuf b = plain(1, 8, 6, 6, random), filter = plain(8, 8, 3, 3, random);
  SgBuf out = plain(1, 8, 6, 6, random);
  SgBuf *sides[] = {&out, &b, &filter};
  CudaForm f = {CU_FLOAT, SG_PASS_OUTPUT, 1, 8, 8, 3, 1, 1, 6, 6, 6, 6};

  for (int i = 0; i < 6; i++) {
    cu.precision = i % 2 ? SG_PRECISION_TF32 : SG_PRECISION_FP32;
    g_assert_true(form(&cu, &f, 1, sides, NULL, &error));
  }
  g_assert_cmpint(*chosen, ==, before + 2);
  /* What floats are multiplied by but in full. */
  g_assert_cmpint(*counter(DNN, "vendor_wrong"), ==, 3);
  *counter(DNN, "vendor_wrong") = 0;
  cuda_dnn_close(cu.dnn);
  g_free(b.data), g_free(filter.data), g_free(out.data);
}

static void
test_gemm(void)
{
  enum { M = 5, N = 7, K = 6 };
  CudaBackend cu = {.stream = (cudaStream_t)1};
  g_autoptr(GRand) random = g_rand_new_with_seed(5);
  GError *error = NULL;

  for (int how = 0; how < 12; how++) { /* transposed or not, at three addresses */
    gboolean ta = how & 1, tb = (how & 2) != 0;
    SgBuf a = plain(1, 1, 1, M * K + 8, random), b = plain(1, 1, 1, N * K + 8, random);
    float *c = g_new0(float, M *N + 8);
    const float *av = (float *)a.data + how / 4, *bv = (float *)b.data + how / 4;
    g_assert_true(cuda_gemm(&cu.base, ta, tb, M, N, K, 0.5f, av, ta ? M : K, bv, tb ? K : N,
                            c + how / 4, &error));
    g_assert_no_error(error);
    for (int i = 0; i < M; i++)
      for (int j = 0; j < N; j++) {
        double sum = 0;
        for (int l = 0; l < K; l++)
          sum += 0.5 * (ta ? av[l * M + i] : av[i * K + l]) * (tb ? bv[j * K + l] : bv[l * N + j]);
        g_assert_cmpfloat_with_epsilon((double)c[how / 4 + i * N + j], sum, 1e-5);
      }
    g_free(a.data);
    g_free(b.data);
    g_free(c);
  }
  g_assert_cmpint(*counter(BLAS, "blas_wrong"), ==, 0);
  cuda_blas_close(cu.blas);
  g_assert_cmpuint(taken_now, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/vendor/conv", test_conv);
  g_test_add_func("/vendor/refused", test_refused);
  g_test_add_func("/vendor/none", test_none);
  g_test_add_func("/vendor/greedy", test_greedy);
  g_test_add_func("/vendor/all-refused", test_all_refused);
  g_test_add_func("/vendor/failures", test_failures);
  g_test_add_func("/vendor/precisions", test_precisions);
  g_test_add_func("/vendor/gemm", test_gemm);
  return g_test_run();
}
