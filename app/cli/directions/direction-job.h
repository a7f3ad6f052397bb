/* What the commands that look for directions share: the model, samples of its w, sheets of
 * faces. */
#pragma once

#include "app/cli/cli.h"
#include "engine/directions/direction-set.h"
#include "engine/directions/gauge.h"
#include "engine/explore/causes/influence.h"

G_BEGIN_DECLS

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  struct _SgNets *nets; /* the renderer's */
  int first, last;      /* layers asked for, w indices */
  CliProgress progress;
} DirectionJob;

/* What each of them asks for: a model, a folder, and no word that is not an option. FALSE and a
 * usage error. */
gboolean direction_job_asked(int argc, char **argv, const char *network, const char *outdir,
                             GError **error);
/* Opens the model, reads layers "A-B" (NULL: all), checks the class (-1: none asked for), makes the
 * folder. */
gboolean direction_job_open(DirectionJob *job, const char *network, const char *layers, int label,
                            const char *outdir, GError **error);
/* The same for a model that is there already: the folder and the renderer. */
gboolean direction_job_begin(DirectionJob *job, const char *outdir, GError **error);
/* A convolution's stage by its name; -1 and a usage error: there is none. */
int direction_job_conv(const DirectionJob *job, const char *name, GError **error);
/* --region=X,Y,WIDTH,HEIGHT. */
gboolean direction_job_region(const char *text, SgRegion *region, GError **error);
void direction_job_close(DirectionJob *job);
SgMoments *direction_job_moments(DirectionJob *job, gint64 samples, guint32 seed, int label,
                                 GError **error);
/* n w for moments and as many for percentiles. */
SgGauge *direction_job_gauge(DirectionJob *job, gsize n, int label, GError **error);
/* The recipe of a seed's face, of class `label` (-1: none was asked for, a conditional model's
 * first). */
SgRecipe *direction_job_recipe(const DirectionJob *job, guint32 seed, int label);
/* A recipe's first face without alpha: RGB8 [height, width, 3], to be freed. */
guint8 *direction_job_rgb(const DirectionJob *job, const SgRecipe *recipe, gsize *pixels,
                          GError **error);
/* w of the faces of seeds 0 … n - 1: [n, w_dim], to be freed. */
float *direction_job_faces(DirectionJob *job, int n, int label, GError **error);

/* Notes in all directions of a set the layers that they were found for; last < 0: all. */
void direction_job_found_for(SgDirectionSet *set, int first, int last);

/* A sheet of labelled faces, filled row by row. */
typedef struct _DirectionTiles DirectionTiles;
DirectionTiles *direction_tiles_new(const DirectionJob *job, int n);
void direction_tiles_free(DirectionTiles *t);
void direction_tiles_row(DirectionTiles *t, const char *label);
/* The next tile: the face of a seed. */
gboolean direction_tiles_face(DirectionTiles *t, DirectionJob *job, guint32 seed, int label,
                              const char *text, GError **error);
/* …or any recipe. */
gboolean direction_tiles_recipe(DirectionTiles *t, DirectionJob *job, const SgRecipe *recipe,
                                const char *text, GError **error);
/* …or any picture of the model's size, RGB8 (copied). */
void direction_tiles_rgb(DirectionTiles *t, const guint8 *rgb, const char *text);
gboolean direction_tiles_write(DirectionTiles *t, const char *path, const char *title, int columns,
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirectionTiles, direction_tiles_free)

G_END_DECLS
