/* The options that matter as rows, and a window with all of them, generated from the trainer's
 * table. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-device-row.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/training/vitrine-new-run-private.h"
#include "ui/training/vitrine-option-row.h"

/* How long one should have to wait for new pictures at most, or nearly so. */
#define WISHED_SECONDS 1800.0

typedef struct {
  VitrineRunSetup *setup;         /* owned */
  GtkWidget *snap, *kimg, *sizes; /* rows */
  AdwActionRow *outdir;
  double seconds_per_kimg;
} Options;

static const char *const resolutions[] = {
    VITRINE_OPTION_AUTOMATIC, "8", "16", "32", "64", "128", "256", "512", "1024", NULL};

/* ---- notes ----------------------------------------------------------------------------------- */

static char *
duration_text(double seconds)
{
  double minutes = round(seconds / 60);

  if (seconds < 90)
    return g_strdup_printf(_("%.0f s"), seconds);
  if (minutes < 90)
    return g_strdup_printf(_("%.0f min"), minutes);
  if (minutes < 48 * 60)
    return g_strdup_printf(_("%.1f h"), minutes / 60);
  return g_strdup_printf(_("%.1f days"), minutes / 1440);
}

static double
number(VitrineRunSetup *setup, const char *name)
{
  g_autofree char *text = vitrine_run_setup_effective(setup, name);
  return text ? g_ascii_strtod(text, NULL) : NAN;
}

/* "…, about 5 h (6 ticks: about 30 min)" where one would wait long for the first pictures. */
static char *
snap_note(Options *o, double kimg, double tick)
{
  double seconds = kimg * o->seconds_per_kimg, each = tick * o->seconds_per_kimg;
  double fewer = MAX(1, round(WISHED_SECONDS / each));

  if (isnan(seconds))
    return g_strdup_printf(_("Ticks between snapshots: every %g kimg"), kimg);
  g_autofree char *time = duration_text(seconds);
  if (seconds < 2 * WISHED_SECONDS || fewer * tick >= kimg)
    return g_strdup_printf(_("Ticks between snapshots: every %g kimg, about %s"), kimg, time);
  g_autofree char *less = duration_text(fewer * each);
  return g_strdup_printf(_("Ticks between snapshots: every %g kimg, about %s (with %g: %s)"), kimg,
                         time, fewer, less);
}

static void
show_notes(Options *o)
{
  double tick = number(o->setup, "tick"), kimg = tick * number(o->setup, "snap");
  double length = number(o->setup, "kimg");
  g_autofree char *all =
      isnan(o->seconds_per_kimg) ? NULL : duration_text(length * o->seconds_per_kimg);
  g_autofree char *snap = snap_note(o, kimg, tick);
  g_autofree char *total =
      all ? g_strdup_printf(_("In thousands of pictures (kimg): about %s"), all)
          : g_strdup(_("In thousands of pictures (kimg)"));

  vitrine_option_row_set_note(VITRINE_OPTION_ROW(o->snap), snap);
  vitrine_option_row_set_note(VITRINE_OPTION_ROW(o->kimg), total);
}

static void
show_outdir(Options *o)
{
  g_autofree char *path = vitrine_run_setup_effective(o->setup, "outdir");
  g_autofree char *escaped = g_markup_escape_text(path ? path : _("Nothing chosen yet"), -1);

  adw_action_row_set_subtitle(o->outdir, escaped);
  gtk_widget_set_sensitive(GTK_WIDGET(o->outdir), vitrine_run_setup_may_change(o->setup, "outdir"));
}

static void
changed_cb(VitrineRunSetup *setup, GtkWidget *group)
{
  Options *o = g_object_get_data(G_OBJECT(group), "options");

  show_notes(o);
  show_outdir(o);
}

void
vitrine_new_run_options_set_speed(GtkWidget *options, double seconds_per_kimg)
{
  Options *o = g_object_get_data(G_OBJECT(options), "options");

  o->seconds_per_kimg = seconds_per_kimg;
  show_notes(o);
  vitrine_new_run_sizes_set_speed(o->sizes, seconds_per_kimg);
}

/* ---- the output folder ----------------------------------------------------------------------- */

static void
outdir_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineRunSetup) setup = data;

  if (file && g_file_peek_path(file))
    vitrine_run_setup_set(setup, "outdir", g_file_peek_path(file), NULL);
}

static void
outdir_cb(GtkWidget *button, VitrineRunSetup *setup)
{
  vitrine_file_dialog_folder(GTK_WINDOW(gtk_widget_get_root(button)), _("Folder for the Runs"),
                             outdir_chosen_cb, g_object_ref(setup));
}

static GtkWidget *
outdir_row_new(VitrineRunSetup *setup)
{
  GtkWidget *row = adw_action_row_new(), *button = gtk_button_new_with_mnemonic(_("C_hoose…"));

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Runs are kept in"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  gtk_widget_set_name(button, "run-outdir-choose");
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(button, _("Choose the folder in which each run makes its own"));
  g_signal_connect(button, "clicked", G_CALLBACK(outdir_cb), setup);
  adw_action_row_add_suffix(ADW_ACTION_ROW(row), button);
  return row;
}

/* ---- the device ------------------------------------------------------------------------------ */

static void
device_chosen_cb(VitrineDeviceRow *row, const char *device, VitrineRunSetup *setup)
{
  vitrine_run_setup_set(setup, "device", device, NULL);
}

static void
show_device(VitrineRunSetup *setup, VitrineDeviceRow *row)
{
  g_autofree char *effective = vitrine_run_setup_effective(setup, "device");
  gboolean automatic = !effective || g_str_equal(effective, "auto");

  vitrine_device_row_set_choice(row, automatic ? "auto" : effective);
  /* A device's own name needs the room. */
  adw_action_row_set_subtitle(ADW_ACTION_ROW(row),
                              automatic ? _("The first CUDA device, else the CPU") : "");
}

static GtkWidget *
device_row_new(VitrineRunSetup *setup)
{
  GtkWidget *row = vitrine_device_row_new("auto");

  gtk_widget_set_name(row, "run-device");
  g_signal_connect_object(row, "chosen", G_CALLBACK(device_chosen_cb), setup, 0);
  g_signal_connect_object(setup, "changed", G_CALLBACK(show_device), row, 0);
  show_device(setup, VITRINE_DEVICE_ROW(row));
  return row;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* What the dialog has rows of its own for, or the data set decides. */
static gboolean
is_elsewhere(const char *name)
{
  static const char *const names[] = {"data", "outdir", "resume", "label-dim", NULL};
  return g_strv_contains(names, name);
}

static const char *const *
choices_of(const char *name)
{
  return g_str_equal(name, "resolution") ? resolutions : NULL;
}

/* The engine's groups, in words. */
static const char *
group_title(const char *group)
{
  static const char *const groups[] = {N_("Data"), N_("Networks"), N_("Losses"), N_("Augmentation"),
                                       N_("Run")};

  for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
    if (g_str_equal(groups[i], group))
      return _(groups[i]);
  return group;
}

static GtkWidget *
all_page_new(VitrineRunSetup *setup)
{
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
  AdwPreferencesGroup *group = NULL;
  const char *title = NULL;

  gtk_widget_set_name(GTK_WIDGET(page), "all-options");
  for (guint i = 0; i < sg_train_option_count; i++) {
    const SgTrainOption *row = &sg_train_option_table[i];
    if (is_elsewhere(row->name))
      continue;
    if (g_strcmp0(title, row->group) != 0) {
      group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
      adw_preferences_group_set_title(group, group_title(row->group));
      adw_preferences_page_add(page, group);
      title = row->group;
    }
    adw_preferences_group_add(
        group, vitrine_option_row_new(setup, row->name, NULL, choices_of(row->name)));
  }
  return GTK_WIDGET(page);
}

static void
all_cb(GtkWidget *row, VitrineRunSetup *setup)
{
  vitrine_dialogs_present_page(GTK_WINDOW(gtk_widget_get_root(row)), _("All Options"), 620, 640,
                               all_page_new(setup));
}

static GtkWidget *
all_row_new(VitrineRunSetup *setup)
{
  GtkWidget *row = adw_action_row_new();

  gtk_widget_set_name(row, "run-all-options");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("All Options"));
  adw_action_row_set_subtitle(ADW_ACTION_ROW(row),
                              _("Networks, losses, optimisers, augmentation and the run itself"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  adw_action_row_add_suffix(ADW_ACTION_ROW(row), gtk_image_new_from_icon_name("go-next-symbolic"));
  gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
  g_signal_connect(row, "activated", G_CALLBACK(all_cb), setup);
  return row;
}

/* ---- the group ------------------------------------------------------------------------------- */

static void
options_free(gpointer data)
{
  Options *o = data;

  g_object_unref(o->setup);
  g_free(o);
}

static GtkWidget *
add(AdwPreferencesGroup *group, VitrineRunSetup *setup, const char *name, const char *title,
    const char *note, const char *const *choices)
{
  GtkWidget *row = vitrine_option_row_new(setup, name, title, choices);

  vitrine_option_row_set_note(VITRINE_OPTION_ROW(row), note);
  adw_preferences_group_add(group, row);
  return row;
}

GtkWidget *
vitrine_new_run_options_new(VitrineRunSetup *setup)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
  Options *o = g_new0(Options, 1);

  o->setup = g_object_ref(setup);
  o->seconds_per_kimg = NAN;
  adw_preferences_group_set_title(group, _("Training"));
  o->sizes = vitrine_new_run_sizes_new(setup);
  adw_preferences_group_add(group, o->sizes);
  add(group, setup, "cfg", _("Preset"),
      _("Narrow suits a CPU, auto is NVlabs' and follows the resolution; others are papers'"),
      NULL);
  add(group, setup, "resolution", _("Resolution"), _("Pictures are cropped and resized to it"),
      resolutions);
  add(group, setup, "batch", _("Batch"), _("Pictures of one step; more need more memory"), NULL);
  o->kimg = add(group, setup, "kimg", _("Length"), "", NULL);
  add(group, setup, "gamma", _("R1 Gamma"),
      _("Weight of the penalty that keeps the discriminator calm"), NULL);
  add(group, setup, "mirror", _("Mirror"), _("Show every picture flipped too"), NULL);
  add(group, setup, "aug", _("Augmentation"), _("ADA helps when there are few pictures"), NULL);
  o->snap = add(group, setup, "snap", _("Snapshots"), "", NULL);
  o->outdir = ADW_ACTION_ROW(outdir_row_new(setup));
  adw_preferences_group_add(group, device_row_new(setup));
  adw_preferences_group_add(group, GTK_WIDGET(o->outdir));
  adw_preferences_group_add(group, all_row_new(setup));
  g_object_set_data_full(G_OBJECT(group), "options", o, options_free);
  g_signal_connect_object(setup, "changed", G_CALLBACK(changed_cb), group, 0);
  changed_cb(setup, GTK_WIDGET(group));
  return GTK_WIDGET(group);
}
