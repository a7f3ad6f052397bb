/* Files of directions that the window knows by itself: those that come with Vitrine, those that a
 * person has made or brought, and components that were computed before. All by the hash of the
 * model. Workers' functions: they read and write. */
#pragma once

#include "engine/directions/direction-set.h"

G_BEGIN_DECLS

/* Ways to look for components, in the order of the pane's list. */
typedef enum {
  VITRINE_COMPONENTS_STYLES,
  VITRINE_COMPONENTS_W,
  VITRINE_COMPONENTS_SEFA,
  VITRINE_N_COMPONENTS
} VitrineComponents;

/* Absent ones are NULL. */
typedef struct {
  SgDirectionSet *yours, *attributes;
  SgDirectionSet *components[VITRINE_N_COMPONENTS];
  char *warning; /* what is there but cannot be read, for people; NULL: nothing */
} VitrineDirectionFiles;

/* Of the model with that hash, whose w has w_dim numbers. Attributes of several files come as one
 * set. What the person has goes by `key`: the hash, or the folder of a training that is
 * followed. */
VitrineDirectionFiles *vitrine_direction_files_read(const char *key, const char *hash, int w_dim);
void vitrine_direction_files_free(VitrineDirectionFiles *files);
/* In place of what the person had; without any the file goes. */
gboolean vitrine_direction_files_keep_yours(const SgDirectionSet *set, const char *key,
                                            GError **error);
/* Into the cache. That it cannot be kept is no error worth a word: it is computed again. */
void vitrine_direction_files_keep_components(const SgDirectionSet *set, const char *hash,
                                             VitrineComponents kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineDirectionFiles, vitrine_direction_files_free)

G_END_DECLS
