#include "engine/learn/augment.h"
#include "engine/kernels/augment.h"
#include <string.h>

/* ---- the pipe's name ------------------------------------------------------------------------- */

gboolean
sg_aug_pipe_parse(const char *text, SgAugPipe *pipe, GError **error)
{
  static const struct {
    const char *name;
    SgAugPipe parts;
  } known[] = {{"blit", SG_AUG_BLIT},
               {"geom", SG_AUG_GEOM},
               {"color", SG_AUG_COLOR},
               {"bg", SG_AUG_BLIT | SG_AUG_GEOM},
               {"bgc", SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR}};
  g_auto(GStrv) names = g_strsplit_set(text, ",+", -1);
  SgAugPipe found = 0;

  for (guint i = 0; names[i] || i == 0; i++) {
    const char *name = names[i] ? g_strstrip(names[i]) : "";
    guint k = 0;
    while (k < G_N_ELEMENTS(known) && strcmp(known[k].name, name) != 0)
      k++;
    if (k == G_N_ELEMENTS(known)) {
      g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                  "unknown augmentation '%s': expected bgc, or any of blit, geom, color, bg joined "
                  "with commas",
                  name);
      return FALSE;
    }
    found |= known[k].parts;
  }
  *pipe = found;
  return TRUE;
}

/* ---- one picture's operations ---------------------------------------------------------------- */

typedef struct {
  SgPhilox *rng;
  double p;
  double *g;                 /* [3, 3], the product of the inverses so far */
  double matrix[9], move[3]; /* colour: rgb' = matrix rgb + move */
} Picture;

static gboolean
gate(Picture *pic, double probability)
{
  return sg_philox_uniform(pic->rng) < probability;
}

/* [0, n) as an operation's choice, 0 if it is gated off. */
static int
draw_choice(Picture *pic, int n)
{
  int i = (int)floor(sg_philox_uniform(pic->rng) * n);
  return gate(pic, pic->p) ? i : 0;
}

/* 2^(spread N), 1 if gated off. */
static double
draw_factor(Picture *pic, double spread)
{
  double f = exp2(spread * sg_philox_normal(pic->rng));
  return gate(pic, pic->p) ? f : 1;
}

/* An angle in [-π, π), 0 if gated off. */
static double
draw_angle(Picture *pic, double probability)
{
  double angle = (2 * sg_philox_uniform(pic->rng) - 1) * G_PI;
  return gate(pic, probability) ? angle : 0;
}

/* g <- g · inverse of an operation */
static void
append(Picture *pic, const double inverse[9])
{
  double product[9];
  k_mul3(product, pic->g, inverse);
  memcpy(pic->g, product, sizeof product);
}

static void
append_move(Picture *pic, double x, double y)
{
  append(pic, (double[]){1, 0, -x, 0, 1, -y, 0, 0, 1});
}

static void
append_scale(Picture *pic, double x, double y)
{
  append(pic, (double[]){1 / x, 0, 0, 0, 1 / y, 0, 0, 0, 1});
}

/* The inverse of a rotation by -angle. */
static void
append_rotation(Picture *pic, double angle)
{
  double c = cos(angle), s = sin(angle);
  append(pic, (double[]){c, -s, 0, s, c, 0, 0, 0, 1});
}

/* A quarter turn is exact, so that pictures of whole pixels stay such. */
static void
append_quarters(Picture *pic, int i)
{
  static const double sine[4] = {0, 1, 0, -1};
  double c = sine[(i + 1) % 4], s = sine[i];
  append(pic, (double[]){c, -s, 0, s, c, 0, 0, 0, 1});
}

static void
draw_blit(Picture *pic, int h, int w)
{
  append_scale(pic, 1 - 2 * draw_choice(pic, 2), 1);
  append_quarters(pic, draw_choice(pic, 4));
  double x = (2 * sg_philox_uniform(pic->rng) - 1) * 0.125;
  double y = (2 * sg_philox_uniform(pic->rng) - 1) * 0.125;
  if (gate(pic, pic->p))
    append_move(pic, rint(x * w), rint(y * h));
}

static void
draw_geom(Picture *pic, int h, int w)
{
  /* Two rotations, so that one of them happens with probability p. */
  double rotation = 1 - sqrt(CLAMP(1 - pic->p, 0, 1));

  double s = draw_factor(pic, 0.2);
  append_scale(pic, s, s);
  append_rotation(pic, draw_angle(pic, rotation));
  s = draw_factor(pic, 0.2);
  append_scale(pic, s, 1 / s);
  append_rotation(pic, draw_angle(pic, rotation));
  double x = sg_philox_normal(pic->rng) * 0.125, y = sg_philox_normal(pic->rng) * 0.125;
  if (gate(pic, pic->p))
    append_move(pic, x * w, y * h);
}

/* ---- colour ---------------------------------------------------------------------------------- */

/* rgb' <- m rgb' */
static void
mix(Picture *pic, const double m[9])
{
  double product[9], move[3];
  k_mul3(product, m, pic->matrix);
  for (int i = 0; i < 3; i++)
    move[i] = m[3 * i] * pic->move[0] + m[3 * i + 1] * pic->move[1] + m[3 * i + 2] * pic->move[2];
  memcpy(pic->matrix, product, sizeof product);
  memcpy(pic->move, move, sizeof move);
}

/* along: factor of the grey axis v = (1, 1, 1) / √3; across: of what is perpendicular to it; turn:
 * of v ×. Every linear operation on colours here is one of these. */
static void
mix_about_grey(Picture *pic, double along, double across, double turn)
{
  double m[9];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      double cross = i == j ? 0 : (j - i + 3) % 3 == 1 ? -1 : 1;
      m[3 * i + j] = (along - across) / 3 + (i == j ? across : 0) + turn * cross / sqrt(3);
    }
  mix(pic, m);
}

static void
draw_color(Picture *pic, gboolean rgb)
{
  double brightness = 0.2 * sg_philox_normal(pic->rng);
  if (gate(pic, pic->p))
    for (int i = 0; i < 3; i++)
      pic->move[i] += brightness;
  double contrast = draw_factor(pic, 0.5);
  mix(pic, (double[]){contrast, 0, 0, 0, contrast, 0, 0, 0, contrast});
  if (draw_choice(pic, 2))
    mix_about_grey(pic, -1, 1, 0);
  if (!rgb)
    return;
  double hue = draw_angle(pic, pic->p);
  if (hue != 0)
    mix_about_grey(pic, 1, cos(hue), sin(hue));
  double saturation = draw_factor(pic, 1);
  if (saturation != 1)
    mix_about_grey(pic, 1, saturation, 0);
}

/* Grey pictures are rgb pictures of equal channels, of whose result the mean is taken. */
static void
store_color(const Picture *pic, double *color, int channels)
{
  if (channels == 3) {
    for (int i = 0; i < 3; i++) {
      memcpy(color + 4 * i, pic->matrix + 3 * i, 3 * sizeof(double));
      color[4 * i + 3] = pic->move[i];
    }
    return;
  }
  color[0] = color[1] = 0;
  for (int i = 0; i < 9; i++)
    color[0] += pic->matrix[i] / 3;
  for (int i = 0; i < 3; i++)
    color[1] += pic->move[i] / 3;
}

/* ---- a batch --------------------------------------------------------------------------------- */

/* How far the pictures' corners reach beyond them, and the filters beyond the corners. */
static void
set_margin(SgAugDraw *d)
{
  const double c[2] = {(d->w - 1) / 2.0, (d->h - 1) / 2.0};
  double reach[4] = {-G_MAXDOUBLE, -G_MAXDOUBLE, -G_MAXDOUBLE, -G_MAXDOUBLE};

  for (int n = 0; n < d->n; n++)
    for (int corner = 0; corner < 4; corner++)
      for (int axis = 0; axis < 2; axis++) {
        const double *g = d->g_inv + 9 * (gsize)n + 3 * axis;
        double at = g[0] * (corner & 1 ? c[0] : -c[0]) + g[1] * (corner & 2 ? c[1] : -c[1]) + g[2];
        reach[axis] = MAX(reach[axis], -at);
        reach[2 + axis] = MAX(reach[2 + axis], at);
      }
  for (int i = 0; i < 4; i++) {
    double most = (i % 2 ? d->h : d->w) - 1;
    d->margin[i] = (int)ceil(CLAMP(reach[i] + 2 * K_AUG_PAD - c[i % 2], 0, most));
  }
}

static void
draw_picture(SgAugDraw *d, int n, SgPhilox *rng, SgAugPipe pipe, double p)
{
  static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  Picture pic = {.rng = rng, .p = p, .g = d->g_inv + 9 * (gsize)n};

  memcpy(pic.g, identity, sizeof identity);
  memcpy(pic.matrix, identity, sizeof identity);
  if (pipe & SG_AUG_BLIT)
    draw_blit(&pic, d->h, d->w);
  if (pipe & SG_AUG_GEOM)
    draw_geom(&pic, d->h, d->w);
  if (pipe & SG_AUG_COLOR)
    draw_color(&pic, d->channels == 3);
  store_color(&pic, d->color + (gsize)n * (gsize)(d->channels * (d->channels + 1)), d->channels);
}

static gboolean
allocate(SgAugDraw *d)
{
  d->g_inv = g_try_new(double, (gsize)d->n * 9);
  d->color = g_try_new(double, (gsize)d->n *(gsize)(d->channels * (d->channels + 1)));
  return d->g_inv && d->color;
}

SgAugDraw *
sg_aug_draw(SgPhilox *rng, SgAugPipe pipe, double p, int n, int channels, int h, int w)
{
  SgAugDraw *d = g_new0(SgAugDraw, 1);

  g_assert(n > 0 && (channels == 1 || channels == 3));
  *d = (SgAugDraw){.n = n, .channels = channels, .h = h, .w = w};
  if (!allocate(d)) {
    sg_aug_draw_free(d);
    return NULL;
  }
  d->geometry = (pipe & (SG_AUG_BLIT | SG_AUG_GEOM)) != 0;
  for (int i = 0; i < n; i++)
    draw_picture(d, i, rng, pipe, p);
  if (d->geometry)
    set_margin(d);
  return d;
}

SgAugDraw *
sg_aug_draw_copy(const SgAugDraw *d)
{
  gsize n = (gsize)d->n, color = (gsize)(d->channels * (d->channels + 1));
  SgAugDraw *copy = g_memdup2(d, sizeof *d);

  copy->params = NULL;
  if (!allocate(copy)) {
    sg_aug_draw_free(copy);
    return NULL;
  }
  memcpy(copy->g_inv, d->g_inv, 9 * n * sizeof(double));
  memcpy(copy->color, d->color, color * n * sizeof(double));
  return copy;
}

void
sg_aug_draw_thin(SgAugDraw *d, int first, int step)
{
  gsize color = (gsize)(d->channels * (d->channels + 1));
  int n = 0;

  for (int i = first; i < d->n; i += step, n++) {
    memmove(d->g_inv + 9 * (gsize)n, d->g_inv + 9 * (gsize)i, 9 * sizeof(double));
    memmove(d->color + color * (gsize)n, d->color + color * (gsize)i, color * sizeof(double));
  }
  d->n = n;
}

void
sg_aug_draw_free(SgAugDraw *d)
{
  if (!d)
    return;
  g_free(d->g_inv);
  g_free(d->color);
  sg_buf_unref(d->params);
  g_free(d);
}

SgAugmentArgs
sg_aug_draw_args(const SgAugDraw *d)
{
  return (SgAugmentArgs){.n = d->n,
                         .channels = d->channels,
                         .h = d->h,
                         .w = d->w,
                         .g_inv = d->g_inv,
                         .color = d->color,
                         .margin = {d->margin[0], d->margin[1], d->margin[2], d->margin[3]},
                         .geometry = d->geometry,
                         .params = d->params};
}
