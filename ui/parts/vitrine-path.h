/* File names in widgets: bytes that need not be UTF-8, while widgets (and the accessibility bus)
 * take nothing else. For a name without its folder there is g_filename_display_basename(). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The tooltip is the path as people read it; NULL takes it away. */
void vitrine_path_tooltip(GtkWidget *widget, const char *path);

/* The file's name as it is shown, to be freed. If another of `others` (NULL-terminated, may have
 * `path` in it) has the same name, as much of the folder follows as tells them apart:
 * "a.pkl (runs/1)". */
char *vitrine_path_label(const char *path, const char *const *others);
/* That much of the folder alone, or NULL. */
char *vitrine_path_folder(const char *path, const char *const *others);
/* A menu's item that says so, behind `mark`; an underscore stays one. `target`: the path for
 * `action`, as vitrine_store_encode_path() writes it. */
void vitrine_path_append_item(GMenu *menu, const char *mark, const char *path,
                              const char *const *others, const char *action, const char *target);

G_END_DECLS
