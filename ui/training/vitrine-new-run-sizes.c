/* A row with three sizes: an evening, a weekend, a week. A size chooses the networks' widths at
 * once, and the length as soon as the trainer has said how fast these are, so that the time is
 * kept whatever the machine. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include "ui/training/vitrine-new-run-private.h"

/* kimg; longer than NVlabs' own trainings none needs to be. */
#define LONGEST 25000.0

typedef struct {
  const char *name, *title, *tooltip;
  double seconds;
  const char *preset; /* on a CPU; NULL: the default */
  int base, max;      /* of the channels, times the resolution; 0: the preset's */
} Size;

static const Size sizes[] = {
    {"run-size-evening", N_("An E_vening"),
     N_("Four hours: narrow networks, up to 128 channels, on a CPU"), 4 * 3600, NULL, 0, 0},
    {"run-size-weekend", N_("A Wee_kend"),
     N_("Two days: networks twice as wide, up to 256 channels, on a CPU"), 48 * 3600, NULL, 64,
     256},
    {"run-size-week", N_("A _Week"), N_("Seven days: networks as wide as NVlabs'"), 7 * 24 * 3600,
     "auto", 0, 0},
};

typedef struct {
  VitrineRunSetup *setup; /* owned */
  GtkWidget *buttons[G_N_ELEMENTS(sizes)];
  int wished;   /* the size whose length is open until the speed is known; -1: none */
  double speed; /* seconds per kimg of the settings as they are; NAN while it is not known */
} Sizes;

/* ---- choosing -------------------------------------------------------------------------------- */

static void
set_number(VitrineRunSetup *setup, const char *name, int value)
{
  g_autofree char *text = value ? g_strdup_printf("%d", value) : NULL;
  vitrine_run_setup_set(setup, name, text, NULL);
}

/* On a device NVlabs' widths are the default, and none is proposed in their place. */
static void
set_widths(VitrineRunSetup *setup, const Size *size)
{
  g_autofree char *resolution = vitrine_run_setup_effective(setup, "resolution");
  int side = resolution ? atoi(resolution) : 0;

  vitrine_run_setup_set(setup, "cfg", NULL, NULL);
  gboolean narrow = g_str_equal(vitrine_run_setup_default_preset(setup), "narrow");
  vitrine_run_setup_set(setup, "cfg", narrow ? size->preset : NULL, NULL);
  set_number(setup, "channel-base", narrow ? size->base * side : 0);
  set_number(setup, "channel-max", narrow ? size->max : 0);
}

/* Two digits are as much as the speed is known to. */
static void
set_length(Sizes *s, const Size *size)
{
  double kimg = CLAMP(size->seconds / s->speed, 1, LONGEST);
  double unit = pow(10, MAX(0, floor(log10(kimg)) - 1));
  g_autofree char *text = g_strdup_printf("%.0f", floor(kimg / unit) * unit);

  vitrine_run_setup_set(s->setup, "kimg", text, NULL);
}

/* A length changes nothing that the speed depends on, and is set once. */
static void
settle(Sizes *s)
{
  int wished = s->wished;

  if (wished < 0 || !(s->speed > 0))
    return;
  s->wished = -1;
  set_length(s, &sizes[wished]);
}

static void
clicked_cb(GtkWidget *button, Sizes *s)
{
  s->wished = -1;
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
    if (s->buttons[i] == button) {
      set_widths(s->setup, &sizes[i]); /* other widths: the speed is not known any more */
      s->wished = (int)i;
      settle(s);
      return;
    }
}

void
vitrine_new_run_sizes_set_speed(GtkWidget *row, double seconds_per_kimg)
{
  Sizes *s = g_object_get_data(G_OBJECT(row), "sizes");

  s->speed = seconds_per_kimg;
  settle(s);
}

/* ---- the row --------------------------------------------------------------------------------- */

static void
changed_cb(VitrineRunSetup *setup, GtkWidget *row)
{
  Sizes *s = g_object_get_data(G_OBJECT(row), "sizes");
  g_autofree char *resolution = vitrine_run_setup_effective(setup, "resolution");
  gboolean known = resolution && atoi(resolution) > 0;

  gtk_widget_set_visible(row, vitrine_run_setup_get_origin(setup) == VITRINE_FROM_SCRATCH);
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
    gtk_widget_set_sensitive(s->buttons[i], known);
}

static void
sizes_free(gpointer data)
{
  Sizes *s = data;

  g_object_unref(s->setup);
  g_free(s);
}

static GtkWidget *
button_new(Sizes *s, const Size *size)
{
  GtkWidget *button = gtk_button_new_with_mnemonic(_(size->title));

  gtk_widget_set_name(button, size->name);
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(button, _(size->tooltip));
  g_signal_connect(button, "clicked", G_CALLBACK(clicked_cb), s);
  return button;
}

GtkWidget *
vitrine_new_run_sizes_new(VitrineRunSetup *setup)
{
  GtkWidget *row = adw_action_row_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  Sizes *s = g_new0(Sizes, 1);

  s->setup = g_object_ref(setup);
  s->wished = -1;
  s->speed = NAN;
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("It May Take"));
  adw_action_row_set_subtitle(
      ADW_ACTION_ROW(row), _("Sets the networks' widths, and the length by this machine's speed"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  gtk_widget_add_css_class(box, "linked");
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    s->buttons[i] = button_new(s, &sizes[i]);
    gtk_box_append(GTK_BOX(box), s->buttons[i]);
  }
  adw_action_row_add_suffix(ADW_ACTION_ROW(row), box);
  g_object_set_data_full(G_OBJECT(row), "sizes", s, sizes_free);
  g_signal_connect_object(setup, "changed", G_CALLBACK(changed_cb), row, 0);
  changed_cb(setup, row);
  return row;
}
