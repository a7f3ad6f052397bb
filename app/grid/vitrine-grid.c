#include "app/grid/vitrine-grid.h"
#include <string.h>

typedef struct {
  int faces, bytes, h, w; /* h 0: no face has come */
  guint8 *rgb;            /* [faces, h, w, bytes] */
  gboolean *there;        /* [faces] */
} Faces;

struct _VitrineGrid {
  Faces now, before; /* before: what stands in for faces of `now` that have not come */
  gboolean *drawn;   /* [now.faces] came since it was begun */
};

static void
faces_clear(Faces *f)
{
  g_free(f->rgb);
  g_free(f->there);
  *f = (Faces){0};
}

VitrineGrid *
vitrine_grid_new(void)
{
  return g_new0(VitrineGrid, 1);
}

void
vitrine_grid_free(VitrineGrid *g)
{
  if (!g)
    return;
  faces_clear(&g->now);
  faces_clear(&g->before);
  g_free(g->drawn);
  g_free(g);
}

static gsize
face_bytes(const Faces *f)
{
  return (gsize)f->h * (gsize)f->w * (gsize)f->bytes;
}

/* Where between two pixels of [n] the middle of pixel i of [wanted] lies. */
static void
between(int i, int wanted, int n, int *low, int *high, int *part)
{
  gint64 at = ((2 * (gint64)i + 1) * n * 256 / wanted - 256) / 2;

  at = CLAMP(at, 0, (gint64)(n - 1) * 256);
  *low = (int)(at >> 8);
  *high = MIN(*low + 1, n - 1);
  *part = (int)(at & 255);
}

/* A face of `a` as one of `b`, bilinear. */
static void
resize(const Faces *a, const guint8 *from, const Faces *b, guint8 *to)
{
  int bytes = b->bytes;

  for (int y = 0; y < b->h; y++) {
    int y0, y1, py;
    between(y, b->h, a->h, &y0, &y1, &py);
    for (int x = 0; x < b->w; x++) {
      int x0, x1, px;
      between(x, b->w, a->w, &x0, &x1, &px);
      for (int k = 0; k < bytes; k++) {
#define AT(row, column) from[((gsize)(row)*a->w + (column)) * bytes + k]
        int top = AT(y0, x0) * (256 - px) + AT(y0, x1) * px;
        int low = AT(y1, x0) * (256 - px) + AT(y1, x1) * px;
#undef AT
        to[((gsize)y * b->w + x) * bytes + k] =
            (guint8)((top * (256 - py) + low * py + (1 << 15)) >> 16);
      }
    }
  }
}

/* What has not come is as before. */
static void
fill(VitrineGrid *g)
{
  const Faces *b = &g->before;

  for (int i = 0; i < g->now.faces && b->h && b->bytes == g->now.bytes; i++) {
    if (g->now.there[i] || i >= b->faces || !b->there[i])
      continue;
    resize(b, b->rgb + (gsize)i * face_bytes(b), &g->now,
           g->now.rgb + (gsize)i * face_bytes(&g->now));
    g->now.there[i] = TRUE;
  }
}

void
vitrine_grid_begin(VitrineGrid *g, int faces, int bytes)
{
  if (g->now.h) {
    fill(g);
    faces_clear(&g->before);
    g->before = g->now;
  } else {
    faces_clear(&g->now);
  }
  g->now = (Faces){.faces = faces, .bytes = bytes, .there = g_new0(gboolean, faces)};
  g_free(g->drawn);
  g->drawn = g_new0(gboolean, faces);
}

gboolean
vitrine_grid_put(VitrineGrid *g, const guint8 *rgb, int h, int w, int first, int n)
{
  if (!g->now.h) {
    g->now.h = h;
    g->now.w = w;
    g->now.rgb = g_try_malloc0_n((gsize)g->now.faces, face_bytes(&g->now));
  }
  if (!g->now.rgb) {
    g->now.h = g->now.w = 0;
    return FALSE;
  }
  memcpy(g->now.rgb + (gsize)first * face_bytes(&g->now), rgb, (gsize)n * face_bytes(&g->now));
  for (int i = first; i < first + n; i++)
    g->now.there[i] = g->drawn[i] = TRUE;
  return TRUE;
}

int
vitrine_grid_drawn(const VitrineGrid *g)
{
  int n = 0;

  for (int i = 0; i < g->now.faces; i++)
    n += g->drawn[i];
  return n;
}

GdkTexture *
vitrine_grid_texture(VitrineGrid *g)
{
  if (!g->now.h)
    return NULL;
  fill(g);
  SgPicture all = {.faces = g->now.faces,
                   .width = g->now.w,
                   .height = g->now.h,
                   .bytes = g->now.bytes,
                   .rgb = g->now.rgb};
  return vitrine_picture_texture(&all);
}

const guint8 *
vitrine_grid_face(const VitrineGrid *g, int face)
{
  return g->now.rgb + (gsize)face * face_bytes(&g->now);
}
