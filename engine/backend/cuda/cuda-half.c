/* Convolutions in 16 bits. Buffers stay floats; where a convolution has enough work its operands
 * become halves for it, in the order that tensor cores want, and its result floats again. What
 * comes before and after it happens on the way there and back: style, FIR filter, epilogue. Sums
 * are float all the way. bf16 has a float's range. fp16 has not: its operands are brought below 1
 * by powers of two first, which is undone in the result, so gradients do not vanish, and nothing
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

/* One of the form's three sides in halves. */
typedef struct {
  gpointer half;
  gsize taken;
  const float *scale; /* on the device: factor and its inverse; NULL: none */
} Side;

static gboolean
take_half(SgBackend *b, gsize count, Side *s, GError **error)
{
  s->half = cuda_pool_take(b, count * sizeof(guint16), &s->taken, error);
  return s->half != NULL;
}

/* Numbers that the pass computes: before a blur there are more than after it. */
static gsize
result_count(const CudaConv *c)
{
  const CudaForm *f = &c->form;
  return c->blur ? (gsize)f->n * (gsize)f->wide * (gsize)f->wide_h * (gsize)f->wide_w
                 : sg_buf_count(c->sides[f->pass]);
}

/* scale [2], maxima [CU_MAXIMA] */
static void
pack(CudaType type, Side *s, const SgBuf *x, const SgBuf *style, float *scale, float *maxima)
{
  if (type == CU_FP16) {
    s->scale = scale;
    cuda_half_scale(scale, maxima, x, style);
  }
  cuda_half_pack(type, s->half, x, s->scale, style);
}

/* ---- filters that stay as they are ----------------------------------------------------------- */

void
cuda_kept_clear(SgBackend *b, CudaKept *kept)
{
  cuda_pool_give(b, kept->half, kept->taken);
  sg_buf_unref(kept->scale);
  *kept = (CudaKept){NULL};
}

/* Makes it when first asked for; but none while work is recorded, which is not done yet. FALSE
 * without error: there is none. */
static gboolean
keep(SgBackend *b, CudaKept *kept, CudaType type, const SgBuf *filter, float *maxima,
     GError **error)
{
  Side s = {NULL};

  if (kept->half)
    return TRUE;
  if (cuda_recording_stream(b))
    return FALSE;
  if (type == CU_FP16 && !kept->scale &&
      !(kept->scale = sg_buf_new(b, SG_FMT_PLAIN, 1, 2, 1, 1, error)))
    return FALSE;
  if (!take_half(b, sg_buf_count(filter), &s, error))
    return FALSE;
  pack(type, &s, filter, NULL, kept->scale ? kept->scale->data : NULL, maxima);
  kept->half = s.half;
  kept->taken = s.taken;
  return TRUE;
}

/* ---- the convolution ------------------------------------------------------------------------- */

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

/* maxima [CU_MAXIMA], scale [2] */
static gboolean
operand(SgBackend *b, const CudaConv *c, int side, Side *s, float *maxima, float *scale,
        GError **error)
{
  CudaType type = (CudaType)c->form.type;
  CudaKept *kept = side == SG_PASS_WEIGHT && c->kept ? &c->kept[type] : NULL;
  GError *failed = NULL;

  if (kept && keep(b, kept, type, c->sides[side], maxima, &failed)) {
    *s = (Side){kept->half, 0, kept->scale ? kept->scale->data : NULL};
    return TRUE;
  }
  if (failed) {
    g_propagate_error(error, failed);
    return FALSE;
  }
  if (!take_half(b, sg_buf_count(c->sides[side]), s, error))
    return FALSE;
  pack(type, s, c->sides[side], side == SG_PASS_WEIGHT ? NULL : c->style, scale, maxima);
  return TRUE;
}

/* FALSE without error: there is no such convolution. */
static gboolean
convolve(SgBackend *b, CudaConv *c, Side sides[3], GError **error)
{
  const CudaForm *f = &c->form;
  int first = f->pass == 0, second = f->pass == 2 ? 1 : 2;
  g_autoptr(SgBuf) room = sg_buf_new(b, SG_FMT_PLAIN, 1, CU_MAXIMA + 4, 1, 1, error);
  float alpha = alpha_of(f);
  gboolean none = FALSE;

  if (!room)
    return FALSE;
  float *maxima = room->data, *scale = maxima + CU_MAXIMA;
  if (!operand(b, c, first, &sides[first], maxima, scale, error) ||
      !operand(b, c, second, &sides[second], maxima, scale + 2, error) ||
      !take_half(b, result_count(c), &sides[f->pass], error) ||
      !cuda_dnn_form(b, f, alpha, sides[SG_PASS_INPUT].half, sides[SG_PASS_WEIGHT].half,
                     sides[SG_PASS_OUTPUT].half, &none, error))
    return FALSE;
  CudaHalves out = {sides[f->pass].half, 1 / alpha,
                    sides[first].scale ? sides[first].scale + 1 : NULL,
                    sides[second].scale ? sides[second].scale + 1 : NULL, f->type};
  if (c->blur)
    cuda_half_blur(c->sides[f->pass], &out, c->epilogue);
  else
    cuda_half_unpack(c->sides[f->pass], &out, c->epilogue);
  return TRUE;
}

gboolean
cuda_half_convolve(SgBackend *b, CudaConv *c, GError **error)
{
  Side sides[3] = {{NULL}, {NULL}, {NULL}};

  if (!is_worth(&c->form))
    return FALSE;
  gboolean ok = convolve(b, c, sides, error);
  for (int i = 0; i < 3; i++)
    if (sides[i].taken) /* what is kept is not this one's */
      cuda_pool_give(b, sides[i].half, sides[i].taken);
  return ok;
}
