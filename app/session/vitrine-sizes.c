#include "app/session/vitrine-sizes.h"
#include "app/session/vitrine-pace.h"
#include <string.h>

/* What moves is shown as large as it can be within a frame, where the model has smaller
 * pictures. */
#define FRAME_SECONDS  0.016
#define MIN_RESOLUTION 32
/* All faces of a grid together have at most so many pixels: 16 whole faces of 1024×1024. */
#define MOST_PIXELS ((gint64)1 << 24)
/* A model that draws more than that many pixels a side begins with a small picture, before it is
 * known what any takes. */
#define SMALL_FIRST 256

struct _VitrineSizes {
  int n, size[VITRINE_PACE_MAX];
  double share[VITRINE_PACE_MAX];
  int faces;
  double needed;
  VitrinePace *exact, *rough;
};

VitrineSizes *
vitrine_sizes_new(int n, const int *sizes, const double *shares)
{
  g_return_val_if_fail(n >= 1 && n <= VITRINE_PACE_MAX, NULL);
  VitrineSizes *s = g_new0(VitrineSizes, 1);

  s->n = n;
  memcpy(s->size, sizes, sizeof *sizes * (gsize)n);
  memcpy(s->share, shares, sizeof *shares * (gsize)n);
  vitrine_sizes_forget(s);
  return s;
}

void
vitrine_sizes_free(VitrineSizes *s)
{
  if (!s)
    return;
  vitrine_pace_free(s->exact);
  vitrine_pace_free(s->rough);
  g_free(s);
}

void
vitrine_sizes_forget(VitrineSizes *s)
{
  vitrine_pace_free(s->exact);
  vitrine_pace_free(s->rough);
  s->exact = vitrine_pace_new(s->n, s->size, s->share);
  s->rough = vitrine_pace_new(s->n, s->size, s->share);
  s->faces = 0;
}

static void
renew(const VitrineSizes *s, VitrinePace **pace, int faces, gint64 now)
{
  VitrinePace *old = *pace;
  int whole = vitrine_sizes_whole(s);

  *pace = vitrine_pace_new(s->n, s->size, s->share);
  if (s->faces > 0)
    vitrine_pace_took(*pace, whole, vitrine_pace_expect(old, whole, now) * faces / s->faces, now);
  vitrine_pace_free(old);
}

void
vitrine_sizes_set_faces(VitrineSizes *s, int faces, gint64 now)
{
  if (s->faces == faces)
    return;
  renew(s, &s->exact, faces, now);
  renew(s, &s->rough, faces, now);
  s->faces = faces;
}

int
vitrine_sizes_get_faces(const VitrineSizes *s)
{
  return s->faces;
}

void
vitrine_sizes_set_needed(VitrineSizes *s, double pixels)
{
  s->needed = pixels;
}

void
vitrine_sizes_took(VitrineSizes *s, int size, gboolean rough, double seconds, gint64 now)
{
  vitrine_pace_took(rough ? s->rough : s->exact, size, seconds, now);
}

int
vitrine_sizes_whole(const VitrineSizes *s)
{
  return s->size[s->n - 1];
}

int
vitrine_sizes_last(const VitrineSizes *s)
{
  int i = 0;

  while (i < s->n - 1 && (s->needed <= 0 || s->size[i] < s->needed - 0.5))
    i++;
  while (i > 0 && s->faces * (gint64)s->size[i] * s->size[i] > MOST_PIXELS)
    i--;
  return s->size[i];
}

/* In bf16 where that gives a larger picture within a frame than float does, or a sooner one where
 * neither is: so are those of networks that have no smaller picture than the whole one. Until it
 * was tried it is expected to take half as long. */
static int
choose(VitrineSizes *s, gboolean can_be_rough, gboolean *rough, gint64 now)
{
  int whole = vitrine_sizes_whole(s), last = vitrine_sizes_last(s);
  int exact = MIN(vitrine_pace_choose(s->exact, FRAME_SECONDS, MIN_RESOLUTION, now), last);
  double exactly = vitrine_pace_expect(s->exact, exact, now);

  if (!can_be_rough || (exact == last && exactly <= FRAME_SECONDS))
    return exact;
  if (vitrine_pace_expect(s->rough, whole, now) <= 0)
    vitrine_pace_took(s->rough, whole, vitrine_pace_expect(s->exact, whole, now) / 2, now);
  int size = MIN(vitrine_pace_choose(s->rough, FRAME_SECONDS, MIN_RESOLUTION, now), last);
  gboolean sooner = exactly > FRAME_SECONDS && vitrine_pace_expect(s->rough, exact, now) < exactly;
  *rough = size > exact || (size == exact && sooner);
  return MAX(size, exact);
}

int
vitrine_sizes_first(VitrineSizes *s, gboolean can_be_rough, gboolean *rough, gint64 now)
{
  int whole = vitrine_sizes_whole(s);

  *rough = FALSE;
  if (whole > SMALL_FIRST && vitrine_pace_expect(s->exact, whole, now) <= 0)
    return MIN(vitrine_pace_smallest(s->exact, MIN_RESOLUTION), vitrine_sizes_last(s));
  return choose(s, can_be_rough, rough, now);
}

int
vitrine_sizes_next(const VitrineSizes *s, int size)
{
  return MIN(vitrine_pace_larger(s->exact, size), vitrine_sizes_last(s));
}
