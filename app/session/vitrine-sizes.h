/* How large the pictures of a model are to be: the first answer to a change, what follows it while
 * nothing moves, and where that ends.
 *
 * A first answer is as large as fits a frame, in bf16 where that gives a larger one
 * (vitrine-pace.h). The last is no larger than the screen shows a face, nor than memory has room
 * for all of them. No clock, no threads and no pictures of its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VitrineSizes VitrineSizes;

/* As vitrine_pace_new(): sizes [n] of a face's side rise, the last is whole; shares [n] of work. */
VitrineSizes *vitrine_sizes_new(int n, const int *sizes, const double *shares);
void vitrine_sizes_free(VitrineSizes *s);
/* What each size costs is learnt anew for another number of faces; what was learnt is the first
 * guess. */
void vitrine_sizes_set_faces(VitrineSizes *s, int faces, gint64 now);
int vitrine_sizes_get_faces(const VitrineSizes *s); /* 0: not said yet */
/* A face has so many of the screen's pixels a side; 0: not known. */
void vitrine_sizes_set_needed(VitrineSizes *s, double pixels);
/* All that was learnt is wrong: the device is another one. */
void vitrine_sizes_forget(VitrineSizes *s);
/* A picture of all faces took that long, drawn from the beginning. now: monotonic microseconds. */
void vitrine_sizes_took(VitrineSizes *s, int size, gboolean rough, double seconds, gint64 now);

int vitrine_sizes_whole(const VitrineSizes *s);
int vitrine_sizes_last(const VitrineSizes *s);
/* Of the first answer. *rough: it is to be drawn in bf16, which only is where `can_be_rough`. */
int vitrine_sizes_first(VitrineSizes *s, gboolean can_be_rough, gboolean *rough, gint64 now);
/* Of what follows a picture of that size. */
int vitrine_sizes_next(const VitrineSizes *s, int size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineSizes, vitrine_sizes_free)

G_END_DECLS
