#include "ui/vitrine-preferences.h"
#include "ui/vitrine-dialogs.h"
#include "app/vitrine-store.h"
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
scheme_cb(AdwComboRow *row, GParamSpec *pspec, gpointer data)
{
  guint i = adw_combo_row_get_selected(row);

  if (i >= G_N_ELEMENTS(schemes))
    return;
  json_t *root = vitrine_store_load("preferences");
  json_object_set_new(root, "color_scheme", json_string(scheme_names[i]));
  vitrine_store_save("preferences", root);
  json_decref(root);
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

static GtkWidget *
device_row_new(const char *device)
{
  GtkWidget *row = adw_action_row_new();

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Renders with"));
  adw_action_row_set_subtitle(ADW_ACTION_ROW(row), device);
  return row;
}

void
vitrine_preferences_present(GtkWindow *parent, const char *device)
{
  GtkWidget *page = adw_preferences_page_new();
  GtkWidget *group = adw_preferences_group_new();

  adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), scheme_row_new());
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), device_row_new(device));
  adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
  vitrine_dialogs_present_page(parent, _("Preferences"), 460, 260, page);
}
