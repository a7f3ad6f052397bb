/* Looking for the face behind a picture, for the window: steps of a projection on the render
 * thread, between pictures. */
#pragma once

#include "app/session/vitrine-tasks.h"
#include "engine/data/dataset.h"

G_BEGIN_DECLS

/* From what is easily edited to what is exact. */
typedef enum {
  VITRINE_PROJECT_W,      /* one w */
  VITRINE_PROJECT_W_PLUS, /* one w a layer */
  VITRINE_PROJECT_TUNED,  /* one w, and the generator is bent */
} VitrineProjectHow;

/* Its news; pictures are RGB [size, size, 3]. */
typedef struct {
  int done, total; /* steps */
  int size;
  guint8 *target, *picture, *difference; /* the last is eight times as strong, around grey */
  double psnr;                           /* dB */
  char *face;                            /* the end: the picture that was written; else NULL */
  char *error;                           /* the end as well */
} VitrineProjectNews;

VitrineTaskClass vitrine_projecting_class(void (*news)(gpointer, gboolean, gpointer));
/* The task's data: projects the picture at `path` with `steps` of each stage; the result goes to a
 * folder of its own below `folder`, or that of the person's data if it is NULL. */
gpointer vitrine_projecting_job_new(const char *path, VitrineProjectHow how, SgTransform crop,
                                    int steps, int label, const char *folder);

/* Before it is started: as FFHQ's faces are aligned, by the eye on the left, the eye on the right
 * and the mouth, x and y of each as shares of the picture's width and height. */
void vitrine_projecting_job_align(gpointer job, const double points[6]);

G_END_DECLS
