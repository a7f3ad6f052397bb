/* How large a picture may be that has to be there within a frame.
 *
 * A network that draws its picture in steps can stop at a smaller one. What each size costs is
 * learnt from the pictures that are made: the median of the last five, so that one hiccup counts
 * for nothing; what was slow more than a second ago (another program was busy) is believed only
 * as far as what is made now is slow, too. A size that was never made is expected to cost what
 * another one did, times the ratio of their work. No clock and no threads of its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VitrinePace VitrinePace;

#define VITRINE_PACE_MAX 16

/* Sizes [n] rise, the last is the whole picture; shares [n] of its work rise to 1. n in
 * 1…VITRINE_PACE_MAX. */
VitrinePace *vitrine_pace_new(int n, const int *sizes, const double *shares);
void vitrine_pace_free(VitrinePace *p);
/* A picture of that size, made from the beginning, took so many seconds; now: monotonic
 * microseconds. */
void vitrine_pace_took(VitrinePace *p, int size, double seconds, gint64 now);
/* The largest size that is expected within `budget` seconds, at least `least`; the whole picture
 * while nothing is known. */
int vitrine_pace_choose(const VitrinePace *p, double budget, int least, gint64 now);
/* Seconds that a picture of this size is expected to take; 0: nothing is known yet. */
double vitrine_pace_expect(const VitrinePace *p, int size, gint64 now);
/* The next larger size; the whole picture has none: itself. */
int vitrine_pace_larger(const VitrinePace *p, int size);
int vitrine_pace_whole(const VitrinePace *p);
/* The smallest size of at least `least`. */
int vitrine_pace_smallest(const VitrinePace *p, int least);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrinePace, vitrine_pace_free)

G_END_DECLS
