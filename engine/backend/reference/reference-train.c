/* The reference back end's training kernels: the definitions in backend.h, written down as
 * loops. */
#define REAL double
#include "engine/backend/reference/reference-private.h"
#include "engine/kernels/element.h"
#include <string.h>

static double
one(const SgBuf *b, int n, int c, int y, int x)
{
  return *ref_at(b, b->n > 1 ? n : 0, b->c > 1 ? c : 0, b->h > 1 ? y : 0, b->w > 1 ? x : 0);
}

static void
zero(SgBuf *b)
{
  memset(b->data, 0, sg_buf_count(b) * sizeof(double));
}

/* Every term of the convolution's trilinear form sum x w y, seen by a visitor: which operand it is
 * added to makes the pass. */
gboolean
ref_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
               SgBuf *y, GError **error)
{
  gboolean transposed = g->kind == SG_CONV_TRANSPOSED;
  const SgBuf *wide = transposed ? y : x, *narrow = transposed ? x : y;
  SgBuf *out = pass == SG_PASS_OUTPUT ? y : pass == SG_PASS_INPUT ? x : w;

  g_assert(w->n == y->c && w->c == x->c && w->h == g->kernel);
  zero(out);
  for (int n = 0; n < x->n; n++)
    for (int o = 0; o < y->c; o++)
      for (int i = 0; i < x->c; i++)
        for (int r = 0; r < narrow->h; r++)
          for (int q = 0; q < narrow->w; q++)
            for (int ky = 0; ky < g->kernel; ky++)
              for (int kx = 0; kx < g->kernel; kx++) {
                int wy = r * g->stride + ky - g->pad, wx = q * g->stride + kx - g->pad;
                if (wy < 0 || wy >= wide->h || wx < 0 || wx >= wide->w)
                  continue;
                double *xv = transposed ? ref_at(x, n, i, r, q) : ref_at(x, n, i, wy, wx);
                double *yv = transposed ? ref_at(y, n, o, wy, wx) : ref_at(y, n, o, r, q);
                double *wv = ref_at(w, o, i, ky, kx), s = style ? *ref_at(style, n, i, 0, 0) : 1;
                if (pass == SG_PASS_OUTPUT)
                  *yv += *xv * s * *wv;
                else if (pass == SG_PASS_INPUT)
                  *xv += *yv * *wv;
                else
                  *wv += *xv * *yv;
              }
  return TRUE;
}

void
ref_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha)
{
  int acols = a->c * a->h * a->w, bcols = b->c * b->h * b->w, ccols = c->c * c->h * c->w;
  int k = ta ? a->n : acols;
  const double *av = a->data, *bv = b->data;

  g_assert((ta ? acols : a->n) == c->n && (tb ? b->n : bcols) == ccols && (tb ? bcols : b->n) == k);
  for (int i = 0; i < c->n; i++)
    for (int j = 0; j < ccols; j++) {
      double sum = 0;
      for (int l = 0; l < k; l++)
        sum += (ta ? av[l * acols + i] : av[i * acols + l]) *
               (tb ? bv[j * bcols + l] : bv[l * bcols + j]);
      ((double *)c->data)[i * ccols + j] = alpha * sum;
    }
}

void
ref_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z)
{
  double *yv = y->data;
  const double *xv = x->data, *zv = z ? z->data : NULL;
  for (gsize i = 0; i < sg_buf_count(y); i++)
    yv[i] = a * xv[i] + (zv ? b * zv[i] : 0);
}

void
ref_mul(SgBuf *y, const SgBuf *a, const SgBuf *b)
{
  for (gsize i = 0; i < sg_buf_count(y); i++)
    ((double *)y->data)[i] = ((double *)a->data)[i] * ((double *)b->data)[i];
}

void
ref_map(SgMap fn, double a, SgBuf *y, const SgBuf *x)
{
  for (gsize i = 0; i < sg_buf_count(y); i++) {
    double v = ((double *)x->data)[i];
    ((double *)y->data)[i] = fn == SG_MAP_RSQRT      ? 1 / sqrt(v + a)
                             : fn == SG_MAP_SOFTPLUS ? k_softplus(v)
                             : fn == SG_MAP_SIN      ? k_sin(v, a)
                                                     : k_sigmoid(v);
  }
}

void
ref_scale(SgBuf *out, const SgBuf *in, const SgBuf *s)
{
  REF_EACH(out)
  *v = *ref_at(in, n, c, y, x) * one(s, n, c, 0, 0);
}

void
ref_dot(SgBuf *s, const SgBuf *a, const SgBuf *b)
{
  zero(s);
  REF_EACH(a)
  *ref_at(s, n, c, 0, 0) += *v * (b ? *ref_at(b, n, c, y, x) : 1);
}

void
ref_expand(SgBuf *out, const SgBuf *in)
{
  REF_EACH(out)
  *v = one(in, n, c, y, x);
}

void
ref_sum_to(SgBuf *out, const SgBuf *in)
{
  zero(out);
  REF_EACH(in)
  *ref_at(out, out->n > 1 ? n : 0, out->c > 1 ? c : 0, out->h > 1 ? y : 0, out->w > 1 ? x : 0) +=
      *v;
}

void
ref_train_epilogue(SgBuf *out, const SgBuf *in, const SgEpilogue *e)
{
  REF_EACH(out)
  {
    double t = *ref_at(in, n, c, y, x) * (e->scale ? one(e->scale, n, c, 0, 0) : 1);
    if (e->noise)
      t += one(e->noise, n, 0, y, x) * (double)e->noise_strength * ref_strength(e, c);
    if (e->bias)
      t += one(e->bias, 0, c, 0, 0);
    t = k_lrelu(t, (double)e->slope, (double)e->gain);
    *v = e->clamp >= 0 ? k_clamp(t, e->clamp) : t;
  }
}

void
ref_epilogue_grad(const SgEpilogueGrad *g)
{
  SgBuf *sums[] = {g->dscale, g->dsum, g->dstrength};
  for (guint i = 0; i < G_N_ELEMENTS(sums); i++)
    if (sums[i])
      zero(sums[i]);
  REF_EACH(g->dy)
  {
    double d = k_lrelu_grad(*v, *ref_at(g->y, n, c, y, x), (double)g->slope, (double)g->gain,
                            (double)g->clamp);
    if (g->dscale)
      *ref_at(g->dscale, n, c, 0, 0) += d * *ref_at(g->x, n, c, y, x);
    if (g->dsum)
      *ref_at(g->dsum, n, c, 0, 0) += d;
    if (g->dstrength)
      *ref_at(g->dstrength, 0, 0, 0, 0) += d * one(g->noise, n, 0, y, x);
    if (g->dx)
      *ref_at(g->dx, n, c, y, x) = d * (g->scale ? one(g->scale, n, c, 0, 0) : 1);
  }
}

void
ref_rgb(SgConvPass pass, SgBuf *in, SgBuf *w, SgBuf *img)
{
  zero(pass == SG_PASS_OUTPUT ? img : pass == SG_PASS_INPUT ? in : w);
  REF_EACH(in)
  for (int k = 0; k < img->c; k++) {
    double *i = ref_at(img, n, k, y, x), *wv = ref_at(w, w->n > 1 ? n : 0, k, c, 0);
    if (pass == SG_PASS_OUTPUT)
      *i += *v * *wv;
    else if (pass == SG_PASS_INPUT)
      *v += *i * *wv;
    else
      *wv += *v * *i;
  }
}

void
ref_channels(SgBuf *out, int to, const SgBuf *in, int from, int count)
{
  REF_EACH(out)
  *v = c >= to && c < to + count ? *ref_at(in, n, from + c - to, y, x) : 0;
}

void
ref_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a)
{
  double *pv = p->data, *mv = m->data, *vv = v->data;
  const double *gv = grad->data;
  double c1 = 1 - pow(a->beta1, (double)a->step), c2 = 1 - pow(a->beta2, (double)a->step);
  for (gsize i = 0; i < sg_buf_count(p); i++)
    k_adam(&pv[i], &mv[i], &vv[i], gv[i], a->lr / c1, a->beta1, a->beta2, a->eps, 1 / sqrt(c2));
}
