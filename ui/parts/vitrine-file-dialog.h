/* Choosing one file, by whichever dialog this GTK has: GtkFileDialog came with 4.10, what came
 * before it is deprecated since. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* `file` is borrowed, NULL when the person gave up. Called exactly once. */
typedef void (*VitrineFileFunc)(GFile *file, gpointer data);

/* `parent` and `filter` may be NULL. Start in the folder used last: one that a file was opened
 * from, or that the file chosen for saving has really come to. */
void vitrine_file_dialog_open(GtkWindow *parent, const char *title, GtkFileFilter *filter,
                              VitrineFileFunc done, gpointer data);
/* Asks before an existing file is replaced. */
void vitrine_file_dialog_save(GtkWindow *parent, const char *title, const char *name,
                              GtkFileFilter *filter, VitrineFileFunc done, gpointer data);
/* A folder, which must exist. */
void vitrine_file_dialog_folder(GtkWindow *parent, const char *title, VitrineFileFunc done,
                                gpointer data);

/* What the dialogs do: a file was chosen, to be opened or written; the folder to start in,
 * borrowed, NULL: none yet. */
void vitrine_file_dialog_note(GFile *file, gboolean saves);
GFile *vitrine_file_dialog_last_folder(void);

G_END_DECLS
