#include "ui/parts/vitrine-path.h"
#include <string.h>

void
vitrine_path_tooltip(GtkWidget *widget, const char *path)
{
  g_autofree char *shown = path ? g_filename_display_name(path) : NULL;

  g_return_if_fail(GTK_IS_WIDGET(widget));
  gtk_widget_set_tooltip_text(widget, shown);
}

/* The last `n` folders of the file's own, from the root on if there are no more; to be freed. */
static char *
last_folders(const char *path, int n)
{
  g_autofree char *folder = g_path_get_dirname(path);
  const char *at = folder + strlen(folder);

  while (n > 0 && at > folder)
    if (*--at == G_DIR_SEPARATOR)
      n--;
  return g_strdup(n == 0 && at[1] ? at + 1 : at);
}

static int
folders_of(const char *path)
{
  int n = 0;

  for (; *path; path++)
    n += *path == G_DIR_SEPARATOR;
  return n;
}

/* How many folders tell the path from the others of its name; 0: it has none. */
static int
telling_folders(const char *path, const char *const *others)
{
  g_autofree char *name = g_path_get_basename(path);
  int needed = 0, all = folders_of(path);

  for (; others && *others; others++) {
    g_autofree char *other = g_path_get_basename(*others);
    if (strcmp(*others, path) == 0 || strcmp(other, name) != 0)
      continue;
    for (int n = 1; n <= all; n++) {
      g_autofree char *own = last_folders(path, n), *their = last_folders(*others, n);
      needed = MAX(needed, n);
      if (strcmp(own, their) != 0)
        break;
    }
  }
  return needed;
}

char *
vitrine_path_folder(const char *path, const char *const *others)
{
  g_return_val_if_fail(path != NULL, NULL);
  int n = telling_folders(path, others);
  g_autofree char *folders = n > 0 ? last_folders(path, n) : NULL;

  return folders ? g_filename_display_name(folders) : NULL;
}

char *
vitrine_path_label(const char *path, const char *const *others)
{
  g_return_val_if_fail(path != NULL, NULL);
  g_autofree char *name = g_filename_display_basename(path);
  g_autofree char *folder = vitrine_path_folder(path, others);

  return folder ? g_strdup_printf("%s (%s)", name, folder) : g_steal_pointer(&name);
}

void
vitrine_path_append_item(GMenu *menu, const char *mark, const char *path, const char *const *others,
                         const char *action, const char *target)
{
  g_autofree char *label = vitrine_path_label(path, others);
  g_auto(GStrv) parts = g_strsplit(label, "_", -1);
  g_autofree char *plain = g_strjoinv("__", parts); /* an underscore is a mnemonic otherwise */
  g_autofree char *marked = g_strconcat(mark, plain, NULL);
  g_autoptr(GMenuItem) item = g_menu_item_new(marked, NULL);

  g_menu_item_set_action_and_target(item, action, "s", target);
  g_menu_append_item(menu, item);
}
