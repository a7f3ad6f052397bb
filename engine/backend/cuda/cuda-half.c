/* Convolutions in 16 bits. Buffers stay floats; where a convolution has enough work its operands
 * become halves for it, in the order that tensor cores want, and its result floats again. Sums are
 * float all the way. bf16 has a float's range. fp16 has not: its operands are brought below 1 by
 * powers of two first, which is undone in the result, so gradients do not vanish, and nothing
 * overflows. */
#include "engine/backend/cuda/cuda-private.h"

/* Products for each number that is moved; below, the conversion costs more than it saves. */
#define WORTH 64
/* What fp16 holds is 65504; operands are at most 1. */
#define MOST_TERMS 32768

static gboolean
is_worth(const CudaForm *f)
{
  double wide = (double)f->n * f->wide * f->wide_h * f->wide_w;
  double narrow = (double)f->n * f->narrow * f->narrow_h * f->narrow_w;
  double filter = (double)f->wide * f->narrow * f->kernel * f->kernel;
  double products = narrow * f->wide * f->kernel * f->kernel;

  /* Tensor cores take channels by eights. */
  return f->wide % 8 == 0 && f->narrow % 8 == 0 && products >= WORTH * (wide + narrow + filter);
}

/* One of the form's three sides: channels last in halves. */
typedef struct {
  SgBuf *buf;
  int samples, channels, pixels;
  gpointer half;
  gsize taken;
  float *scale; /* on the device: factor and its inverse; NULL: none */
} Side;

static Side
side_of(SgBuf *buf)
{
  return (Side){.buf = buf, .samples = buf->n, .channels = buf->c, .pixels = buf->h * buf->w};
}

static gboolean
take_half(Side *s, GError **error)
{
  s->half =
      cuda_pool_take(s->buf->backend, sg_buf_count(s->buf) * sizeof(guint16), &s->taken, error);
  return s->half != NULL;
}

static void
pack(Side *s, CudaType type, float *scale, float *maxima)
{
  SgBackend *b = s->buf->backend;

  if (type == CU_FP16) {
    s->scale = scale;
    cuda_half_scale(b, scale, maxima, s->buf->data, sg_buf_count(s->buf));
  }
  cuda_half_pack(b, type, s->half, s->buf->data, s->scale, s->samples, s->channels, s->pixels);
}

/* Sums of so many products stay within fp16. */
static float
alpha_of(const CudaForm *f)
{
  double terms = f->pass == SG_PASS_OUTPUT  ? (double)f->wide * f->kernel * f->kernel
                 : f->pass == SG_PASS_INPUT ? (double)f->narrow * f->kernel * f->kernel
                                            : (double)f->n * f->narrow_h * f->narrow_w;
  float alpha = 1;
  for (; f->type == CU_FP16 && terms > MOST_TERMS; terms /= 2)
    alpha /= 2;
  return alpha;
}

static gboolean
convolve(SgBackend *b, const CudaForm *f, Side sides[3], gboolean *none, GError **error)
{
  Side *out = &sides[f->pass], *in[2] = {&sides[f->pass == 0], &sides[f->pass == 2 ? 1 : 2]};
  g_autoptr(SgBuf) room = sg_buf_new(b, SG_FMT_PLAIN, 1, CU_MAXIMA + 4, 1, 1, error);
  float alpha = alpha_of(f);

  if (!room)
    return FALSE;
  for (int i = 0; i < 3; i++)
    if (!take_half(&sides[i], error))
      return FALSE;
  for (int i = 0; i < 2; i++)
    pack(in[i], f->type, (float *)room->data + CU_MAXIMA + 2 * i, room->data);
  if (!cuda_dnn_form(b, f, alpha, sides[SG_PASS_INPUT].half, sides[SG_PASS_WEIGHT].half,
                     sides[SG_PASS_OUTPUT].half, none, error))
    return FALSE;
  cuda_half_unpack(b, f->type, out->buf->data, out->half, 1 / alpha,
                   in[0]->scale ? in[0]->scale + 1 : NULL, in[1]->scale ? in[1]->scale + 1 : NULL,
                   out->samples, out->channels, out->pixels);
  return TRUE;
}

/* FALSE without error: there is no such convolution. */
static gboolean
try_half(SgBackend *b, const CudaForm *f, SgBuf *wide, SgBuf *filter, SgBuf *narrow, GError **error)
{
  Side sides[3];
  gboolean none = FALSE;

  sides[SG_PASS_OUTPUT] = side_of(narrow);
  sides[SG_PASS_INPUT] = side_of(wide);
  sides[SG_PASS_WEIGHT] = side_of(filter);
  gboolean ok = convolve(b, f, sides, &none, error);
  for (int i = 0; i < 3; i++)
    cuda_pool_give(b, sides[i].half, sides[i].taken);
  return ok;
}

gboolean
cuda_dnn_conv(SgBackend *b, SgConvPass pass, int kernel, int stride, int pad, SgBuf *wide,
              SgBuf *filter, SgBuf *narrow, GError **error)
{
  SgPrecision precision = CU(b)->precision;
  CudaForm f = {CU_FLOAT, (int)pass, wide->n, wide->c, narrow->c, kernel,
                stride,   pad,       wide->h, wide->w, narrow->h, narrow->w};

  g_assert(filter->n == narrow->c && filter->c == wide->c && wide->n == narrow->n);
  if ((precision == SG_PRECISION_BF16 || precision == SG_PRECISION_FP16) && is_worth(&f)) {
    GError *failed = NULL;
    f.type = precision == SG_PRECISION_FP16 ? CU_FP16 : CU_BF16;
    if (try_half(b, &f, wide, filter, narrow, &failed))
      return TRUE;
    if (failed) {
      g_propagate_error(error, failed);
      return FALSE;
    }
    f.type = CU_FLOAT;
  }
  return cuda_dnn_form(b, &f, 1, wide->data, filter->data, narrow->data, NULL, error);
}
