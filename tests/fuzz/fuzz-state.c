/* The window's own files, ~/.local/state/vitrine/NAME.json: whatever is in them, it starts. */
#include "app/session/vitrine-favourites.h"
#include "app/session/vitrine-store.h"
#include "tests/fuzz/files.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
use_favourites(const char *key)
{
  g_autoptr(VitrineFavourites) f = vitrine_favourites_new();

  vitrine_favourites_set_key(f, key, FALSE);
  for (int dim = 0; dim < 4; dim++)
    for (int space = SG_SPACE_Z; space <= SG_SPACE_W; space++)
      vitrine_favourites_get(f, (SgSpace)space, dim);
  vitrine_favourites_set(f, SG_SPACE_Z, 1, "hair");
  g_assert_cmpstr(vitrine_favourites_get(f, SG_SPACE_Z, 1), ==, "hair");
  vitrine_favourites_set_key(f, "another", TRUE);
  vitrine_favourites_set(f, SG_SPACE_W, 2, NULL);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_setenv("XDG_STATE_HOME", fuzz_folder(), FALSE); /* before GLib looks at it for the first time */
  g_autofree char *recent = fuzz_put("vitrine/recent.json", data, size);
  g_autofree char *favourites = fuzz_put("vitrine/favourites.json", data, size);
  json_t *root = vitrine_store_load("recent");

  g_assert_true(json_is_object(root));
  json_decref(root);
  g_auto(GStrv) first = vitrine_store_recent();
  vitrine_store_add_recent(fuzz_folder());
  g_auto(GStrv) second = vitrine_store_recent();
  g_assert_cmpstr(second[0], ==, fuzz_folder());
  use_favourites("abc");
  vitrine_store_flush();
  return 0;
}
