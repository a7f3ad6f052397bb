#include "ui/shell/vitrine-preferences.h"
#include "ui/parts/vitrine-dialogs.h"
#include "app/session/vitrine-store.h"
#include "engine/backend/backend-device.h"
#include "ui/parts/vitrine-device-row.h"
#include "ui/parts/vitrine-device-text.h"
#include <adwaita.h>
#include <glib/gi18n.h>

static const char *const scheme_names[] = {"system", "light", "dark"};
static const AdwColorScheme schemes[] = {ADW_COLOR_SCHEME_DEFAULT, ADW_COLOR_SCHEME_FORCE_LIGHT,
                                         ADW_COLOR_SCHEME_FORCE_DARK};

static guint
stored_scheme(void)
{
  json_t *root = vitrine_store_load("preferences");
  const char *name = json_string_value(json_object_get(root, "color_scheme"));
  guint found = 0;

  for (guint i = 0; i < G_N_ELEMENTS(scheme_names); i++)
    if (g_strcmp0(name, scheme_names[i]) == 0)
      found = i;
  json_decref(root);
  return found;
}

void
vitrine_preferences_apply(void)
{
  adw_style_manager_set_color_scheme(adw_style_manager_get_default(), schemes[stored_scheme()]);
}

static void
store(const char *key, const char *value)
{
  json_t *root = vitrine_store_load("preferences");

  json_object_set_new(root, key, json_string(value));
  vitrine_store_save("preferences", root);
  json_decref(root);
}

static GtkWidget *
switch_row_new(const char *name, const char *title, const char *subtitle, gboolean on)
{
  GtkWidget *row = adw_action_row_new(), *toggle = gtk_switch_new();

  gtk_widget_set_name(toggle, name);
  gtk_widget_set_valign(toggle, GTK_ALIGN_CENTER);
  gtk_switch_set_active(GTK_SWITCH(toggle), on);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
  adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  adw_action_row_add_suffix(ADW_ACTION_ROW(row), toggle);
  adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), toggle);
  return row;
}

static GtkWidget *
toggle_of(GtkWidget *row)
{
  return adw_action_row_get_activatable_widget(ADW_ACTION_ROW(row));
}

static void
scheme_cb(AdwComboRow *row, GParamSpec *pspec, gpointer data)
{
  guint i = adw_combo_row_get_selected(row);

  if (i >= G_N_ELEMENTS(schemes))
    return;
  store("color_scheme", scheme_names[i]);
  vitrine_preferences_apply();
}

static GtkWidget *
scheme_row_new(void)
{
  const char *choices[] = {_("Follow the system"), _("Light"), _("Dark"), NULL};
  GtkWidget *row = adw_combo_row_new();
  g_autoptr(GtkStringList) list = gtk_string_list_new(choices);

  gtk_widget_set_name(row, "color-scheme");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Colours"));
  adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(list));
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), stored_scheme());
  g_signal_connect(row, "notify::selected", G_CALLBACK(scheme_cb), NULL);
  return row;
}

/* ---- the device ------------------------------------------------------------------------------ */

char *
vitrine_preferences_get_device(void)
{
  json_t *root = vitrine_store_load("preferences");
  const char *name = json_string_value(json_object_get(root, "device"));
  char *device = g_strdup(name && sg_backend_is_name(name) ? name : "auto");

  json_decref(root);
  return device;
}

static void
device_cb(VitrineDeviceRow *row, const char *device, VitrineSession *session)
{
  store("device", device);
  vitrine_device_choice_set(vitrine_session_get_device(session), device);
}

/* What is in use, and why it is not what was chosen. */
static char *
in_use_text(VitrineSession *session)
{
  const char *choice = vitrine_device_choice_get(vitrine_session_get_device(session));
  g_autofree char *stored = vitrine_preferences_get_device();
  g_autofree char *title = vitrine_device_text_title(session), *heading = NULL, *detail = NULL;
  g_autoptr(GString) text = g_string_new(NULL);

  g_string_append(text, *title ? title : _("Nothing yet"));
  if (vitrine_device_text_trouble(session, &heading, &detail))
    g_string_append_printf(text, "\n%s\n%s", heading, detail);
  if (!g_str_equal(choice, stored))
    g_string_append_printf(text, _("\nFor this time only: the next start takes “%s”"), stored);
  return g_markup_escape_text(text->str, -1);
}

static void
show_device(VitrineDeviceChoice *device, GParamSpec *pspec, VitrineDeviceRow *row)
{
  vitrine_device_row_set_choice(row, vitrine_device_choice_get(device));
}

/* The rows keep their session: what they show is more than the device's properties. */
static VitrineSession *
session_of(gpointer row)
{
  return g_object_get_data(G_OBJECT(row), "session");
}

static void
show_in_use(VitrineDeviceChoice *device, GParamSpec *pspec, AdwActionRow *row)
{
  VitrineSession *session = session_of(row);
  const char *detail;
  gboolean replaced, drawing;
  g_autofree char *text = in_use_text(session);

  adw_action_row_set_subtitle(row, text);
  if (vitrine_device_choice_get_trouble(device, &detail, &replaced, &drawing))
    gtk_widget_add_css_class(GTK_WIDGET(row), "error");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(row), "error");
}

static void
follow_device(VitrineSession *session, GtkWidget *row, GCallback show)
{
  VitrineDeviceChoice *device = vitrine_session_get_device(session);

  g_object_set_data_full(G_OBJECT(row), "session", g_object_ref(session), g_object_unref);
  g_signal_connect_object(device, "notify::title", show, row, 0);
  g_signal_connect_object(device, "notify::trouble", show, row, 0);
}

static GtkWidget *
device_row_new(VitrineSession *session)
{
  GtkWidget *row =
      vitrine_device_row_new(vitrine_device_choice_get(vitrine_session_get_device(session)));

  gtk_widget_set_name(row, "device");
  g_signal_connect_object(row, "chosen", G_CALLBACK(device_cb), session, 0);
  follow_device(session, row, G_CALLBACK(show_device));
  return row;
}

/* ---- the precision --------------------------------------------------------------------------- */

static guint
precision_at(const char *name)
{
  for (guint i = 0; name && sg_precision_names[i]; i++)
    if (g_str_equal(name, sg_precision_names[i]))
      return i;
  return 0;
}

char *
vitrine_preferences_get_precision(void)
{
  json_t *root = vitrine_store_load("preferences");
  guint at = precision_at(json_string_value(json_object_get(root, "precision")));

  json_decref(root);
  return g_strdup(sg_precision_names[at]);
}

static void
precision_cb(AdwComboRow *row, GParamSpec *pspec, VitrineSession *session)
{
  guint i = adw_combo_row_get_selected(row);

  if (i > SG_PRECISION_FP16)
    return;
  store("precision", sg_precision_names[i]);
  vitrine_device_choice_set_precision(vitrine_session_get_device(session), sg_precision_names[i]);
}

/* Of the CPU's only some have a choice, of two. */
static void
show_precision(VitrineDeviceChoice *device, GParamSpec *pspec, AdwActionRow *row)
{
  gboolean other = vitrine_device_choice_draws(device);
  gboolean choice = other || sg_backend_cpu_bf16(NULL);

  gtk_widget_set_sensitive(GTK_WIDGET(row), choice);
  adw_action_row_set_subtitle(row, other ? _("Fewer bits are faster, pictures differ a little")
                                   : choice
                                       ? _("bfloat16 is faster, pictures differ a little; this "
                                           "CPU has no other")
                                       : _("This CPU has no other: bfloat16 needs AMX"));
}

static GtkWidget *
precision_row_new(VitrineSession *session)
{
  /* By SgPrecision. */
  const char *choices[] = {_("float32, exact"), _("TF32"), _("bfloat16"), _("float16"), NULL};
  GtkWidget *row = adw_combo_row_new();
  g_autoptr(GtkStringList) list = gtk_string_list_new(choices);

  gtk_widget_set_name(row, "precision");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Precision"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(list));
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), precision_at(sg_backend_precision(NULL)));
  g_signal_connect_object(row, "notify::selected", G_CALLBACK(precision_cb), session, 0);
  follow_device(session, row, G_CALLBACK(show_precision));
  show_precision(vitrine_session_get_device(session), NULL, ADW_ACTION_ROW(row));
  return row;
}

gboolean
vitrine_preferences_get_rough(void)
{
  json_t *root = vitrine_store_load("preferences");
  gboolean rough = g_strcmp0(json_string_value(json_object_get(root, "while_moving")), "fp32") != 0;

  json_decref(root);
  return rough;
}

static void
rough_cb(GtkSwitch *toggle, GParamSpec *pspec, VitrineSession *session)
{
  gboolean on = gtk_switch_get_active(toggle);

  store("while_moving", on ? "bf16" : "fp32");
  vitrine_view_set_rough_allowed(vitrine_session_get_view(session), on);
}

/* Other processors have no choice, and no such row. */
static GtkWidget *
rough_row_new(VitrineSession *session)
{
  GtkWidget *row = switch_row_new(
      "while-moving", _("Quick pictures while dragging"),
      _("In bfloat16, where the exact picture takes longer than a frame; it follows at rest"),
      vitrine_preferences_get_rough());

  g_signal_connect_object(toggle_of(row), "notify::active", G_CALLBACK(rough_cb), session, 0);
  gtk_widget_set_visible(row, sg_backend_cpu_bf16(NULL) != NULL);
  return row;
}

static GtkWidget *
in_use_row_new(VitrineSession *session)
{
  GtkWidget *row = adw_action_row_new();

  gtk_widget_set_name(row, "device-in-use");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("In use"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  follow_device(session, row, G_CALLBACK(show_in_use));
  show_in_use(vitrine_session_get_device(session), NULL, ADW_ACTION_ROW(row));
  return row;
}

/* ---- how pictures are shown, and keys -------------------------------------------------------- */

static const char *const scaling_names[] = {"auto", "smooth", "sharp"}; /* as VitrineScaling */

VitrineScaling
vitrine_preferences_get_scaling(void)
{
  json_t *root = vitrine_store_load("preferences");
  const char *name = json_string_value(json_object_get(root, "scaling"));
  VitrineScaling scaling = VITRINE_SCALING_AUTO;

  for (guint i = 0; i < G_N_ELEMENTS(scaling_names); i++)
    if (g_strcmp0(name, scaling_names[i]) == 0)
      scaling = (VitrineScaling)i;
  json_decref(root);
  return scaling;
}

int
vitrine_preferences_get_first_faces(void)
{
  json_t *root = vitrine_store_load("preferences");
  gboolean one = g_strcmp0(json_string_value(json_object_get(root, "first_faces")), "1") == 0;

  json_decref(root);
  return one ? 1 : 9;
}

gboolean
vitrine_preferences_get_letter_keys(void)
{
  json_t *root = vitrine_store_load("preferences");
  gboolean off = g_strcmp0(json_string_value(json_object_get(root, "letter_keys")), "off") == 0;

  json_decref(root);
  return !off;
}

static void
scaling_cb(AdwComboRow *row, GParamSpec *pspec, VitrineWindow *window)
{
  guint i = adw_combo_row_get_selected(row);

  if (i >= G_N_ELEMENTS(scaling_names))
    return;
  store("scaling", scaling_names[i]);
  vitrine_canvas_set_scaling(vitrine_window_get_canvas(window), (VitrineScaling)i);
}

static GtkWidget *
scaling_row_new(VitrineWindow *window)
{
  const char *choices[] = {_("Smooth; sharp pixels from 400 %"), _("Always smooth"),
                           _("Always sharp pixels"), NULL};
  GtkWidget *row = adw_combo_row_new();
  g_autoptr(GtkStringList) list = gtk_string_list_new(choices);

  gtk_widget_set_name(row, "scaling");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Enlarged pictures"));
  adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(list));
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), (guint)vitrine_preferences_get_scaling());
  g_signal_connect_object(row, "notify::selected", G_CALLBACK(scaling_cb), window, 0);
  return row;
}

static void
first_faces_cb(GtkSwitch *toggle, GParamSpec *pspec, VitrineSession *session)
{
  store("first_faces", gtk_switch_get_active(toggle) ? "9" : "1");
  vitrine_opener_set_first_faces(vitrine_session_get_opener(session),
                                 vitrine_preferences_get_first_faces());
}

static GtkWidget *
first_faces_row_new(VitrineSession *session)
{
  GtkWidget *row = switch_row_new("first-faces", _("Begin with nine faces"),
                                  _("For models of pictures up to 128×128 that were not open "
                                    "before; larger ones begin with one"),
                                  vitrine_preferences_get_first_faces() > 1);

  g_signal_connect_object(toggle_of(row), "notify::active", G_CALLBACK(first_faces_cb), session, 0);
  return row;
}

static void
letter_keys_cb(GtkSwitch *toggle, GParamSpec *pspec, VitrineWindow *window)
{
  gboolean on = gtk_switch_get_active(toggle);

  store("letter_keys", on ? "on" : "off");
  vitrine_window_set_letter_keys(window, on);
}

static GtkWidget *
letter_keys_row_new(VitrineWindow *window)
{
  GtkWidget *row = switch_row_new("letter-keys", _("Keys of one letter"),
                                  _("N, P and R for seeds, C to compare; off for speech control "
                                    "and whoever hits them by mistake"),
                                  vitrine_preferences_get_letter_keys());

  g_signal_connect_object(toggle_of(row), "notify::active", G_CALLBACK(letter_keys_cb), window, 0);
  return row;
}

void
vitrine_preferences_present(VitrineWindow *parent)
{
  VitrineSession *session = vitrine_window_get_session(parent);
  GtkWidget *page = adw_preferences_page_new();
  GtkWidget *look = adw_preferences_group_new(), *work = adw_preferences_group_new();

  adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(look), _("Appearance"));
  adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(work), _("Rendering"));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(look), scheme_row_new());
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(look), scaling_row_new(parent));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(look), first_faces_row_new(session));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(look), letter_keys_row_new(parent));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(work), device_row_new(session));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(work), precision_row_new(session));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(work), rough_row_new(session));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(work), in_use_row_new(session));
  adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(look));
  adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(work));
  vitrine_dialogs_present_page(GTK_WINDOW(parent), _("Preferences"), 540, 620, page);
}
