#include "engine/examine/damage.h"
#include "engine/data/square.h"
#include "engine/formats/format-error.h"
/* jpeglib.h needs stdio.h before it. */
#include <stdio.h>
#include <jpeglib.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

const SgDamage sg_stress[SG_STRESS_COUNT] = {
    {SG_DAMAGE_JPEG, 90},     {SG_DAMAGE_JPEG, 70},    {SG_DAMAGE_JPEG, 50},
    {SG_DAMAGE_RESIZE, 0.75}, {SG_DAMAGE_RESIZE, 0.5}, {SG_DAMAGE_RESIZE, 0.25},
    {SG_DAMAGE_BLUR, 0.5},    {SG_DAMAGE_BLUR, 1},
};

const SgDamage sg_treatments[SG_TREATMENTS] = {
    {SG_DAMAGE_NONE, 0}, {SG_DAMAGE_JPEG, 90}, {SG_DAMAGE_JPEG, 50}, {SG_DAMAGE_RESIZE, 0.5}};

char *
sg_damage_name(const SgDamage *d)
{
  static const char *const names[] = {"none", "jpeg", "resize", "blur"};
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (d->kind == SG_DAMAGE_NONE)
    return g_strdup(names[0]);
  return g_strconcat(names[d->kind], g_ascii_formatd(number, sizeof number, "%g", d->amount), NULL);
}

gboolean
sg_stress_parse(const char *text, guint *stress, GError **error)
{
  g_auto(GStrv) names = g_strsplit(text, ",", -1);

  *stress = g_str_equal(text, "all") ? SG_STRESS_ALL : 0;
  for (char **name = names; *stress != SG_STRESS_ALL && *name; name++) {
    guint found = 0;
    for (guint k = 0; k < SG_STRESS_COUNT; k++) {
      g_autofree char *known = sg_damage_name(&sg_stress[k]);
      found |= g_str_equal(known, *name) ? 1u << k : 0;
    }
    if (!found)
      return sg_unsupported(error,
                            "expected all, or some of jpeg90, jpeg70, jpeg50, resize0.75, "
                            "resize0.5, resize0.25, blur0.5 and blur1, found \"%s\"",
                            *name);
    *stress |= found;
  }
  return TRUE;
}

/* ---- planes and rows of pixels --------------------------------------------------------------- */

/* The colours of the planes: 1 or 3 a pixel. */
static int
colours_of(int channels)
{
  return channels >= 3 ? 3 : 1;
}

static guint8 *
interleave(int channels, int r, const guint8 *planes)
{
  gsize n = (gsize)r * (gsize)r, c = (gsize)colours_of(channels);
  guint8 *pixels = g_malloc(n * c);

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < c; k++)
      pixels[i * c + k] = planes[k * n + i];
  return pixels;
}

static void
separate(const guint8 *pixels, gsize step, int channels, int r, guint8 *planes)
{
  gsize n = (gsize)r * (gsize)r, c = (gsize)colours_of(channels);

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < c; k++)
      planes[k * n + i] = pixels[i * step + k];
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  unsigned char *data; /* libjpeg's own, malloc'd */
  unsigned long size;
} Encoder;

static void
fail(j_common_ptr c)
{
  longjmp(((Encoder *)c->err)->escape, 1);
}

static gboolean
encode(struct jpeg_compress_struct *c, Encoder *e, const guint8 *pixels, int r, int colours,
       int quality)
{
  c->err = jpeg_std_error(&e->base);
  e->base.error_exit = fail;
  if (setjmp(e->escape))
    return FALSE;
  jpeg_create_compress(c);
  jpeg_mem_dest(c, &e->data, &e->size);
  c->image_width = c->image_height = (JDIMENSION)r;
  c->input_components = colours;
  c->in_color_space = colours == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(c);
  jpeg_set_quality(c, quality, TRUE);
  jpeg_start_compress(c, TRUE);
  while (c->next_scanline < c->image_height) {
    JSAMPROW row = (JSAMPROW)pixels + (gsize)c->next_scanline * (gsize)r * (gsize)colours;
    jpeg_write_scanlines(c, &row, 1);
  }
  jpeg_finish_compress(c);
  return TRUE;
}

static gboolean
through_jpeg(int quality, int channels, int r, guint8 *planes, GError **error)
{
  struct jpeg_compress_struct c = {0};
  Encoder e = {0};
  int colours = colours_of(channels);
  g_autofree guint8 *pixels = interleave(channels, r, planes);
  g_auto(SgPixels) back = {0};
  gboolean ok = encode(&c, &e, pixels, r, colours, quality);

  jpeg_destroy_compress(&c);
  ok = ok ? sg_pixels_decode(&back, "JPEG", e.data, (gsize)e.size, error)
          : sg_no_memory(error, "for the picture as JPEG");
  if (ok)
    separate(back.pixels, (gsize)back.channels, channels, r, planes);
  free(e.data);
  return ok;
}

/* ---- size ------------------------------------------------------------------------------------ */

/* Planes as a picture of all its channels' kind, which sg_picture_square() takes apart again. */
static void
resize_plane(const guint8 *plane, int from, int to, guint8 *out)
{
  gsize n = (gsize)from * (gsize)from;
  g_auto(SgPixels) p = {.pixels = g_malloc(3 * n), .width = from, .height = from, .channels = 3};

  for (gsize i = 0; i < n; i++)
    memset(p.pixels + 3 * i, plane[i], 3);
  p.grey = TRUE;
  sg_picture_square(&p, 1, to, SG_TRANSFORM_CENTER_CROP, out);
}

static void
there_and_back(double factor, int channels, int r, guint8 *planes)
{
  int small = MAX(1, (int)lrint(r * factor));
  gsize n = (gsize)r * (gsize)r;
  g_autofree guint8 *reduced = g_malloc((gsize)small * (gsize)small);

  for (int c = 0; c < colours_of(channels); c++) {
    resize_plane(planes + (gsize)c * n, r, small, reduced);
    resize_plane(reduced, small, r, planes + (gsize)c * n);
  }
}

/* ---- blur ------------------------------------------------------------------------------------ */

/* As SciPy's gaussian_filter, mode "reflect", truncated at 4 deviations. */
static int
reflected(int i, int n)
{
  while (i < 0 || i >= n)
    i = i < 0 ? -1 - i : 2 * n - 1 - i;
  return i;
}

static void
blur_rows(const double *weights, int reach, int r, const double *from, double *to)
{
  for (int y = 0; y < r; y++)
    for (int x = 0; x < r; x++) {
      double sum = 0;
      for (int k = -reach; k <= reach; k++)
        sum += weights[k + reach] * from[y * r + reflected(x + k, r)];
      to[x * r + y] = sum; /* turned over, so that the second time blurs columns */
    }
}

static void
blur(double sigma, int channels, int r, guint8 *planes)
{
  int reach = (int)(4 * sigma + 0.5);
  gsize n = (gsize)r * (gsize)r;
  g_autofree double *weights = g_new(double, 2 * reach + 1);
  g_autofree double *a = g_new(double, n), *b = g_new(double, n);
  double sum = 0;

  for (int k = -reach; k <= reach; k++)
    sum += weights[k + reach] = exp(-0.5 * k * k / (sigma * sigma));
  for (int k = 0; k <= 2 * reach; k++)
    weights[k] /= sum;
  for (int c = 0; c < colours_of(channels); c++) {
    guint8 *plane = planes + (gsize)c * n;
    for (gsize i = 0; i < n; i++)
      a[i] = plane[i];
    blur_rows(weights, reach, r, a, b);
    blur_rows(weights, reach, r, b, a);
    for (gsize i = 0; i < n; i++)
      plane[i] = (guint8)CLAMP(floor(a[i] + 0.5), 0, 255);
  }
}

guint8 *
sg_damage(const SgDamage *d, int channels, int r, const guint8 *planes, GError **error)
{
  g_autofree guint8 *copy = g_memdup2(planes, (gsize)channels * (gsize)r * (gsize)r);

  if (d->kind == SG_DAMAGE_JPEG && !through_jpeg((int)d->amount, channels, r, copy, error))
    return NULL;
  if (d->kind == SG_DAMAGE_RESIZE)
    there_and_back(d->amount, channels, r, copy);
  if (d->kind == SG_DAMAGE_BLUR)
    blur(d->amount, channels, r, copy);
  return g_steal_pointer(&copy);
}
