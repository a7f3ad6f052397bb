/* Keyframes as people type them. */
#pragma once

#include "app/cli/cli.h"
#include "engine/journey/journey.h"

G_BEGIN_DECLS

typedef struct {
  char *name; /* as it was typed, for messages */
  SgRecipe *recipe;
  double at; /* seconds; NAN: not said */
} VideoKey;

void video_key_free(VideoKey *key);
/* "0-3,face.png@2.5": seeds and saved pictures or recipes, each perhaps with its second. An array
 * of VideoKey *; the options of `o` win over what a picture says. */
GPtrArray *video_keys_parse(const char *text, CliRecipeOptions *o, const SgModel *model,
                            GError **error);
/* The first picture of the list, whose model may be looked for; NULL: there is none. To be
 * freed. */
char *video_keys_first_file(const char *text);

G_END_DECLS
