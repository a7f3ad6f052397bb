#include "ui/explore/vitrine-direction-menu.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/explore/vitrine-relations.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"

/* The actions of one row; freed with it. */
typedef struct {
  VitrineDirectionRow *row; /* borrowed */
  VitrineDirection *direction;
  VitrineShelf *shelf;
} Menu;

static GtkWindow *
window_of(const Menu *menu)
{
  return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(menu->row)));
}

static gboolean
is_own(const Menu *menu)
{
  return vitrine_direction_get_group(menu->direction) == VITRINE_DIRECTION_YOURS;
}

/* The person's own changes; of what is given a copy becomes their own. */
static VitrineDirection *
own(const Menu *menu)
{
  if (is_own(menu))
    return menu->direction;
  return vitrine_shelf_add(menu->shelf,
                           sg_named_direction_copy(vitrine_direction_get_facts(menu->direction),
                                                   vitrine_direction_get_w_dim(menu->direction)),
                           vitrine_direction_is_foreign(menu->direction));
}

/* ---- questions --------------------------------------------------------------------------- */

/* What a dialog asks for outlives its row's menu. */
typedef struct {
  Menu menu; /* with references */
  GtkWidget *entry, *first, *last, *all;
} Question;

static Question *
question_new(const Menu *menu)
{
  Question *q = g_new0(Question, 1);

  q->menu.row = g_object_ref(menu->row);
  q->menu.direction = g_object_ref(menu->direction);
  q->menu.shelf = g_object_ref(menu->shelf);
  return q;
}

static void
question_free(Question *q)
{
  g_object_unref(q->menu.row);
  g_object_unref(q->menu.direction);
  g_object_unref(q->menu.shelf);
  g_clear_object(&q->entry);
  g_clear_object(&q->first);
  g_clear_object(&q->last);
  g_clear_object(&q->all);
  g_free(q);
}

static void
renamed_cb(const char *id, gpointer data)
{
  Question *q = data;
  g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(q->entry))));

  if (g_str_equal(id, "rename") && *name) {
    VitrineDirection *d = own(&q->menu);
    vitrine_direction_rename(d, name);
    vitrine_shelf_keep(q->menu.shelf);
  }
  question_free(q);
}

static void
rename_action(Menu *menu)
{
  static const VitrineChoice choices[] = {{"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
                                          {"rename", N_("_Rename"), VITRINE_CHOICE_SUGGESTED},
                                          {NULL, NULL, 0}};
  Question *q = question_new(menu);

  q->entry = g_object_ref_sink(gtk_entry_new());
  gtk_widget_set_name(q->entry, "direction-new-name");
  gtk_entry_set_max_length(GTK_ENTRY(q->entry), 60);
  gtk_editable_set_text(GTK_EDITABLE(q->entry), vitrine_direction_get_name(menu->direction));
  gtk_accessible_update_property(GTK_ACCESSIBLE(q->entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Name of the direction"), -1);
  vitrine_dialogs_ask(window_of(menu), _("Rename"),
                      is_own(menu) ? "" : _("A copy under this name joins your own directions."),
                      choices, q->entry, renamed_cb, q);
}

static void
layers_cb(const char *id, gpointer data)
{
  Question *q = data;

  if (g_str_equal(id, "set")) {
    int first = gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(q->first));
    int last = gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(q->last));
    gboolean all = gtk_check_button_get_active(GTK_CHECK_BUTTON(q->all));
    vitrine_direction_set_layers(own(&q->menu), all ? 0 : MIN(first, last),
                                 all ? -1 : MAX(first, last));
    vitrine_shelf_keep(q->menu.shelf);
  }
  question_free(q);
}

static GtkWidget *
layer_spin(int value, int most, const char *name, const char *label)
{
  GtkWidget *spin = gtk_spin_button_new_with_range(0, most, 1);

  gtk_spin_button_set_value(GTK_SPIN_BUTTON(spin), value);
  gtk_widget_set_name(spin, name);
  gtk_accessible_update_property(GTK_ACCESSIBLE(spin), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return g_object_ref_sink(spin);
}

static void
layers_action(Menu *menu)
{
  static const VitrineChoice choices[] = {{"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
                                          {"set", N_("_Set"), VITRINE_CHOICE_SUGGESTED},
                                          {NULL, NULL, 0}};
  SgModel *model = vitrine_session_get_model(vitrine_shelf_get_session(menu->shelf));
  const SgNamedDirection *d = vitrine_direction_get_facts(menu->direction);
  int most = model->info.num_ws - 1;
  Question *q = question_new(menu);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

  q->first = layer_spin(d->last < 0 ? 0 : d->first, most, "direction-first", _("First layer"));
  q->last = layer_spin(d->last < 0 ? most : d->last, most, "direction-last", _("Last layer"));
  q->all = g_object_ref_sink(gtk_check_button_new_with_label(_("All layers")));
  gtk_check_button_set_active(GTK_CHECK_BUTTON(q->all), d->last < 0);
  gtk_widget_set_name(q->all, "direction-all");
  GtkWidget *parts[] = {q->first, gtk_label_new("–"), q->last, q->all};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    gtk_box_append(GTK_BOX(box), parts[i]);
  for (guint i = 0; i < 3; i++)
    g_object_bind_property(q->all, "active", parts[i], "sensitive",
                           G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  vitrine_dialogs_ask(window_of(menu), _("Layers"),
                      _("Low layers decide shapes, high ones colours and fine detail."), choices,
                      box, layers_cb, q);
}

/* ---- actions without a question ---------------------------------------------------------- */

static void
flip_action(Menu *menu)
{
  vitrine_direction_flip(own(menu));
  vitrine_shelf_keep(menu->shelf);
}

static void
keep_action(Menu *menu)
{
  own(menu);
}

static void
delete_action(Menu *menu)
{
  g_autoptr(VitrineDirection) gone = g_object_ref(menu->direction);

  vitrine_shelf_remove(menu->shelf, gone);
}

static void
exported_cb(GFile *file, gpointer data)
{
  Question *q = data;

  if (file)
    vitrine_direction_exchange_export(q->menu.shelf, q->menu.direction, file);
  question_free(q);
}

static void
export_action(Menu *menu)
{
  g_autofree char *name =
      g_strdup_printf("%s.safetensors", vitrine_direction_get_name(menu->direction));

  g_strdelimit(name, "/", '-');
  vitrine_file_dialog_save(window_of(menu), _("Export Direction"), name, NULL, exported_cb,
                           question_new(menu));
}

/* ---- what else it moves ------------------------------------------------------------------ */

static void
add_cell(GtkGrid *grid, int column, int row, const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_xalign(GTK_LABEL(label), column == 0 ? 0 : 1);
  gtk_label_set_ellipsize(GTK_LABEL(label),
                          column == 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
  gtk_widget_set_hexpand(label, column == 0);
  gtk_widget_add_css_class(label, css);
  gtk_grid_attach(grid, label, column, row, 1, 1);
}

static GtkWidget *
relations_page(const GArray *relations, const char *name)
{
  GtkWidget *grid = gtk_grid_new(), *scrolled = gtk_scrolled_window_new();
  g_autofree char *moved = g_strdup_printf(_("moved by 1 σ of %s"), name);

  gtk_widget_set_name(grid, "direction-relations");
  gtk_grid_set_column_spacing(GTK_GRID(grid), 18);
  gtk_grid_set_row_spacing(GTK_GRID(grid), 4);
  gtk_widget_add_css_class(grid, "explore-table");
  add_cell(GTK_GRID(grid), 0, 0, _("direction"), "heading");
  add_cell(GTK_GRID(grid), 1, 0, moved, "heading");
  add_cell(GTK_GRID(grid), 2, 0, _("cosine"), "heading");
  for (guint i = 0; i < relations->len; i++) {
    const VitrineRelation *r = &g_array_index(relations, VitrineRelation, i);
    g_autofree char *sigma =
        isnan(r->moved) ? g_strdup("–") : g_strdup_printf(_("%+.2f σ"), r->moved);
    g_autofree char *cosine = g_strdup_printf("%+.2f", r->cosine);
    add_cell(GTK_GRID(grid), 0, (int)i + 1, r->name, "numeric");
    add_cell(GTK_GRID(grid), 1, (int)i + 1, sigma, "numeric");
    add_cell(GTK_GRID(grid), 2, (int)i + 1, cosine, "numeric");
  }
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), grid);
  return scrolled;
}

static void
relations_action(Menu *menu)
{
  const char *name = vitrine_direction_get_title(menu->direction);
  g_autoptr(GArray) relations = vitrine_relations_of(menu->shelf, menu->direction);
  g_autofree char *title = g_strdup_printf(_("What Else “%s” Moves"), name);

  vitrine_dialogs_present_page(window_of(menu), title, 460, 480, relations_page(relations, name));
}

/* ---- the menu ---------------------------------------------------------------------------- */

static const struct {
  const char *name;
  void (*act)(Menu *menu);
} plain[] = {
    {"rename", rename_action}, {"layers", layers_action},       {"flip", flip_action},
    {"keep", keep_action},     {"relations", relations_action}, {"export", export_action},
    {"delete", delete_action},
};

static void
plain_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  const char *name = g_action_get_name(G_ACTION(action));

  for (guint i = 0; i < G_N_ELEMENTS(plain); i++)
    if (g_str_equal(plain[i].name, name))
      plain[i].act(data);
}

/* A toggle of the menu follows a property of the direction, and asks for the other state. */
static void
pin_cb(GSimpleAction *action, GVariant *value, gpointer data)
{
  Menu *menu = data;

  vitrine_shelf_set_pinned(menu->shelf, menu->direction, g_variant_get_boolean(value));
}

static void
lock_cb(GSimpleAction *action, GVariant *value, gpointer data)
{
  Menu *menu = data;
  VitrineView *view = vitrine_session_get_view(vitrine_shelf_get_session(menu->shelf));
  const double *w = vitrine_view_get_base(view, SG_SPACE_W);

  if (!g_variant_get_boolean(value))
    vitrine_direction_unlock(menu->direction);
  else if (w)
    vitrine_direction_lock(menu->direction, w);
}

static gboolean
to_state(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_variant(to, g_variant_new_boolean(g_value_get_boolean(from)));
  return TRUE;
}

static void
add_toggle(GSimpleActionGroup *group, Menu *menu, const char *name, const char *property,
           GCallback change)
{
  g_autoptr(GSimpleAction) action =
      g_simple_action_new_stateful(name, NULL, g_variant_new_boolean(FALSE));

  g_object_bind_property_full(menu->direction, property, action, "state", G_BINDING_SYNC_CREATE,
                              to_state, NULL, NULL, NULL);
  g_signal_connect(action, "change-state", change, menu);
  g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(action));
}

static GSimpleActionGroup *
actions(Menu *menu)
{
  GSimpleActionGroup *group = g_simple_action_group_new();

  for (guint i = 0; i < G_N_ELEMENTS(plain); i++) {
    g_autoptr(GSimpleAction) action = g_simple_action_new(plain[i].name, NULL);
    g_signal_connect(action, "activate", G_CALLBACK(plain_cb), menu);
    g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(action));
  }
  add_toggle(group, menu, "pin", "pinned", G_CALLBACK(pin_cb));
  add_toggle(group, menu, "lock", "locked", G_CALLBACK(lock_cb));
  return group;
}

static GMenuModel *
model(const Menu *menu)
{
  GMenu *all = g_menu_new();
  g_autoptr(GMenu) edit = g_menu_new(), look = g_menu_new(), end = g_menu_new();

  g_menu_append(edit, _("_Pin to the Top"), "direction.pin");
  g_menu_append(edit, _("Kee_p While Seeds Change"), "direction.lock");
  g_menu_append(edit, _("_Rename…"), "direction.rename");
  g_menu_append(edit, _("_Layers…"), "direction.layers");
  g_menu_append(edit, _("_Flip"), "direction.flip");
  g_menu_append(look, _("_What Else Does It Move?"), "direction.relations");
  g_menu_append(look, _("_Export…"), "direction.export");
  if (is_own(menu))
    g_menu_append(end, _("_Delete"), "direction.delete");
  else
    g_menu_append(end, _("_Copy to Your Own"), "direction.keep");
  g_menu_append_section(all, NULL, G_MENU_MODEL(edit));
  g_menu_append_section(all, NULL, G_MENU_MODEL(look));
  g_menu_append_section(all, NULL, G_MENU_MODEL(end));
  return G_MENU_MODEL(all);
}

static void
menu_free(gpointer data)
{
  Menu *menu = data;

  g_object_unref(menu->direction);
  g_object_unref(menu->shelf);
  g_free(menu);
}

void
vitrine_direction_menu_add(VitrineDirectionRow *row, VitrineShelf *shelf)
{
  g_return_if_fail(VITRINE_IS_DIRECTION_ROW(row));
  Menu *menu = g_new0(Menu, 1);

  menu->row = row;
  menu->direction = g_object_ref(vitrine_direction_row_get_direction(row));
  menu->shelf = g_object_ref(shelf);
  g_autoptr(GSimpleActionGroup) group = actions(menu);
  gtk_widget_insert_action_group(GTK_WIDGET(row), "direction", G_ACTION_GROUP(group));
  g_autoptr(GMenuModel) items = model(menu);
  vitrine_direction_row_set_menu(row, items);
  g_object_set_data_full(G_OBJECT(group), "vitrine-menu", menu, menu_free);
}

/* ---- of another model -------------------------------------------------------------------- */

static void
import_cb(const char *id, gpointer data)
{
  if (g_str_equal(id, "import"))
    vitrine_import_adopt(data);
  else
    vitrine_import_free(data);
}

void
vitrine_direction_menu_ask_import(VitrineImport *import, const char *sentence, gpointer data)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"import", N_("_Import All the Same"), VITRINE_CHOICE_DESTRUCTIVE},
      {NULL, NULL, 0}};

  vitrine_dialogs_ask(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(data))),
                      _("Directions of Another Model?"), sentence, choices, NULL, import_cb,
                      import);
}
