/* VitrineLesson: a walk through an experiment of a paper, from a file of data/lessons (its README
 * has the format): steps that each set a scene, say what to look at and what the paper saw. */
#pragma once

#include <gio/gio.h>
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

typedef struct {
  char *text, *saw; /* in the person's language, else in English */
  char *scene;      /* for vitrine_lesson_recipe() */
  char *pane;       /* its name; NULL: the one that is open */
  SgSpace space;    /* whose numbers are listed */
  gboolean has_space, noise_map;
} VitrineLessonStep;

typedef struct {
  char *title, *paper;
  GPtrArray *steps; /* of VitrineLessonStep, at least one */
} VitrineLesson;

void vitrine_lesson_free(VitrineLesson *l);
/* Errors name the file and what is wrong in it. */
VitrineLesson *vitrine_lesson_read(const char *path, GError **error);
/* The lessons that come with Vitrine, in order, read on a worker. */
void vitrine_lessons_load(GCancellable *cancellable, GAsyncReadyCallback done, gpointer data);
/* Of VitrineLesson, to be unreferenced; NULL and an error: there are none. */
GPtrArray *vitrine_lessons_load_finish(GAsyncResult *result, GError **error);

/* What a scene shows of a model: a new recipe with what the scene says. Errors name the part that
 * cannot be. */
SgRecipe *vitrine_lesson_recipe(const char *scene, const SgModelInfo *info, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineLesson, vitrine_lesson_free)

G_END_DECLS
