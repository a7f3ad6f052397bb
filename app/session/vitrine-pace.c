#include "app/session/vitrine-pace.h"
#include <string.h>

#define SAMPLES 5
/* Older than this, a slow picture may have been another program's doing. */
#define FRESH_USEC G_USEC_PER_SEC
/* How far above the best an old median is believed. */
#define BELIEVED 1.1
/* The best is forgotten slowly: a machine may get slower for good. */
#define FORGET 1.01

typedef struct {
  int size;
  double share;
  double last[SAMPLES]; /* a ring */
  int count, next;
  double best;   /* seconds; 0: none */
  gint64 newest; /* when the last one came */
} Size;

struct _VitrinePace {
  int n;
  Size size[VITRINE_PACE_MAX];
};

VitrinePace *
vitrine_pace_new(int n, const int *sizes, const double *shares)
{
  g_return_val_if_fail(n >= 1 && n <= VITRINE_PACE_MAX, NULL);
  VitrinePace *p = g_new0(VitrinePace, 1);

  p->n = n;
  for (int i = 0; i < n; i++) {
    p->size[i].size = sizes[i];
    p->size[i].share = shares[i];
  }
  return p;
}

void
vitrine_pace_free(VitrinePace *p)
{
  g_free(p);
}

static int
find(const VitrinePace *p, int size)
{
  for (int i = 0; i < p->n; i++)
    if (p->size[i].size == size)
      return i;
  return -1;
}

void
vitrine_pace_took(VitrinePace *p, int size, double seconds, gint64 now)
{
  int i = find(p, size);

  if (i < 0 || !(seconds > 0))
    return;
  Size *s = &p->size[i];
  if (now - s->newest > FRESH_USEC)
    s->count = s->next = 0;
  s->last[s->next] = seconds;
  s->next = (s->next + 1) % SAMPLES;
  s->count = MIN(s->count + 1, SAMPLES);
  s->best = s->best > 0 ? MIN(seconds, s->best * FORGET) : seconds;
  s->newest = now;
}

static double
median(const Size *s)
{
  double sorted[SAMPLES];

  memcpy(sorted, s->last, sizeof sorted);
  for (int i = 1; i < s->count; i++)
    for (int k = i; k > 0 && sorted[k - 1] > sorted[k]; k--) {
      double other = sorted[k];
      sorted[k] = sorted[k - 1];
      sorted[k - 1] = other;
    }
  /* Of an even number the faster one: a single slow picture is a hiccup until a second one
   * follows. */
  return sorted[(s->count - 1) / 2];
}

static gboolean
is_fresh(const Size *s, gint64 now)
{
  return s->count > 0 && now - s->newest <= FRESH_USEC;
}

/* How many times its best what is made now takes: whoever else is busy slows all sizes alike. */
static double
load(const VitrinePace *p, gint64 now)
{
  int newest = -1;

  for (int i = 0; i < p->n; i++)
    if (is_fresh(&p->size[i], now) && (newest < 0 || p->size[i].newest > p->size[newest].newest))
      newest = i;
  return newest < 0 ? 1 : MAX(1, median(&p->size[newest]) / p->size[newest].best);
}

/* What this size itself has shown; 0: nothing. A first slow picture is a hiccup until a second
 * one follows. */
static double
known(const VitrinePace *p, const Size *s, gint64 now)
{
  double quiet = s->best * BELIEVED * load(p, now);

  if (s->count == 0)
    return 0;
  return is_fresh(s, now) && s->count > 1 ? median(s) : MIN(median(s), quiet);
}

/* By the ratio of their work to the size that was made last; 0: none was. */
static double
guess(const VitrinePace *p, int i, gint64 now)
{
  int other = -1;

  for (int k = 0; k < p->n; k++)
    if (k != i && p->size[k].count > 0 && (other < 0 || p->size[k].newest > p->size[other].newest))
      other = k;
  if (other < 0)
    return 0;
  return known(p, &p->size[other], now) * p->size[i].share / p->size[other].share;
}

static double
expect(const VitrinePace *p, int i, gint64 now)
{
  double own = known(p, &p->size[i], now), guessed = guess(p, i, now);

  if (own == 0 || guessed == 0)
    return MAX(own, guessed);
  return is_fresh(&p->size[i], now) ? own : MIN(own, guessed);
}

int
vitrine_pace_choose(const VitrinePace *p, double budget, int least, gint64 now)
{
  int i = p->n - 1;

  while (i > 0 && p->size[i - 1].size >= least && expect(p, i, now) > budget)
    i--;
  return p->size[i].size;
}

double
vitrine_pace_expect(const VitrinePace *p, int size, gint64 now)
{
  int i = find(p, size);
  return i < 0 ? 0 : expect(p, i, now);
}

int
vitrine_pace_larger(const VitrinePace *p, int size)
{
  for (int i = 0; i < p->n; i++)
    if (p->size[i].size > size)
      return p->size[i].size;
  return p->size[p->n - 1].size;
}

int
vitrine_pace_whole(const VitrinePace *p)
{
  return p->size[p->n - 1].size;
}

int
vitrine_pace_smallest(const VitrinePace *p, int least)
{
  return vitrine_pace_larger(p, least - 1);
}
