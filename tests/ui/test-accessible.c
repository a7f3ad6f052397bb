/* What a screen reader is told: everything that takes the focus has a name, in the window, in every
 * pane and in every dialog. */
#include "tests/support/window-fixture.h"
#include "engine/pictures/picture.h"
#include "ui/parts/vitrine-pane.h"
#include "ui/shell/vitrine-preferences.h"
#include "ui/shell/vitrine-shortcuts.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"
#include "ui/strip/vitrine-strip-dialog.h"
#include "ui/training/vitrine-new-run.h"
#include <string.h>

/* Text that is part of the widget. */
static gboolean
has_text(GtkWidget *w)
{
  if (GTK_IS_LABEL(w) && *gtk_label_get_text(GTK_LABEL(w)))
    return TRUE;
  if (GTK_IS_INSCRIPTION(w) && gtk_inscription_get_text(GTK_INSCRIPTION(w)))
    return TRUE;
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    if (!GTK_IS_POPOVER(c) && has_text(c))
      return TRUE;
  return FALSE;
}

/* A name is a label; GTK says that a button is labelled by its child, which helps only if that is
 * text: of an icon the name is "GtkImage". Rows of lists are read by what they hold. */
static gboolean
has_name(GtkWidget *w)
{
  GtkAccessible *accessible = GTK_ACCESSIBLE(w);

  if (gtk_test_accessible_has_property(accessible, GTK_ACCESSIBLE_PROPERTY_LABEL))
    return TRUE;
  if (GTK_IS_LABEL(w)) /* names itself, once it has text */
    return TRUE;
  if (GTK_IS_BUTTON(w))
    return gtk_button_get_label(GTK_BUTTON(w)) || GTK_IS_LABEL(gtk_button_get_child(GTK_BUTTON(w)));
  if (GTK_IS_CHECK_BUTTON(w) && gtk_check_button_get_label(GTK_CHECK_BUTTON(w)))
    return TRUE;
  if (GTK_IS_LIST_BOX_ROW(w) || g_str_has_prefix(G_OBJECT_TYPE_NAME(w), "GtkListItem") ||
      g_str_has_prefix(G_OBJECT_TYPE_NAME(w), "GtkColumn"))
    return has_text(w);
  return gtk_test_accessible_has_relation(accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY);
}

/* The text of an entry reports its focus as the entry's. */
static gboolean
is_part_of_named(GtkWidget *w)
{
  GtkWidget *parent = gtk_widget_get_parent(w);

  return GTK_IS_TEXT(w) && parent && (GTK_IS_EDITABLE(parent) || GTK_IS_ENTRY(parent)) &&
         has_name(parent);
}

/* GTK's own containers, which have no name to be read, and what names itself by what it holds. */
static gboolean
is_container(GtkWidget *w)
{
  return GTK_IS_WINDOW(w) || GTK_IS_POPOVER(w) || GTK_IS_SCROLLED_WINDOW(w) || GTK_IS_STACK(w) ||
         GTK_IS_VIEWPORT(w) || strcmp(G_OBJECT_TYPE_NAME(w), "GtkPopoverMenuBar") == 0;
}

static gboolean
is_menu_part(GtkWidget *w)
{
  return gtk_widget_get_ancestor(w, GTK_TYPE_POPOVER_MENU) != NULL;
}

static char *
path_of(GtkWidget *w)
{
  GString *path = g_string_new(NULL);

  for (int i = 0; w && i < 7; w = gtk_widget_get_parent(w), i++)
    g_string_append_printf(path, "%s%s(%s)", i ? " in " : "", G_OBJECT_TYPE_NAME(w),
                           gtk_widget_get_name(w));
  return g_string_free(path, FALSE);
}

/* Walks everything below; returns how many that take the focus have no name, of *all. */
static guint
nameless(GtkWidget *w, guint *all)
{
  guint n = 0;

  if (!gtk_widget_get_visible(w) && !GTK_IS_POPOVER(w))
    return 0;
  if (gtk_widget_get_focusable(w) && !is_container(w) && !is_menu_part(w)) {
    (*all)++;
    if (!has_name(w) && !is_part_of_named(w)) {
      g_autofree char *path = path_of(w);
      g_printerr("no name: %s\n", path);
      n++;
    }
  }
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    n += nameless(c, all);
  return n;
}

static guint
check(Fixture *f, GtkWidget *root, guint least)
{
  guint all, n;

  /* Rows of a list get their text some frames after they are there. */
  for (int round = 0; round < 25; round++) {
    fixture_run_for(0.2);
    all = 0;
    n = nameless(root, &all);
    if (n == 0 && all >= least)
      break;
  }
  g_test_message("%u take the focus, %u without a name", all, n);
  g_assert_cmpuint(all, >=, least);
  return n;
}

static void
test_panes(void)
{
  Fixture f;
  guint n_panes, bad = 0;

  fixture_forget_state();
  fixture_open(&f, NULL);
  const VitrinePaneInfo *panes = vitrine_panes(&n_panes);
  for (guint i = 0; i < n_panes; i++) {
    vitrine_side_show(VITRINE_SIDE(f.window->pane), panes[i].name);
    g_test_message("pane %s", panes[i].name);
    if (g_str_equal(panes[i].name, "mixing")) { /* its rows are there with a second face */
      g_signal_emit_by_name(fixture_find(GTK_WIDGET(f.window), "mix-hint-add"), "clicked");
      fixture_settle(&f);
    }
    bad += check(&f, vitrine_side_get_pane(VITRINE_SIDE(f.window->pane), panes[i].name), 2);
  }
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.add-keyframe", NULL);
  bad += check(&f, GTK_WIDGET(f.window), 20);
  g_assert_cmpuint(bad, ==, 0);
  fixture_close(&f);
}

/* Whatever windows there are besides the first. */
static guint
check_others(Fixture *f, const char *what)
{
  g_autoptr(GListModel) all = g_object_ref(gtk_window_get_toplevels());
  guint bad = 0, n = 0;

  fixture_run_for(0.3);
  for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkWindow) window = g_list_model_get_item(all, i);
    if (window == GTK_WINDOW(f->window))
      continue;
    g_test_message("%s", what);
    bad += check(f, GTK_WIDGET(window), 1);
    n++;
  }
  g_assert_cmpuint(n, >=, 1);
  while (g_list_model_get_n_items(all) > 1) {
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
      g_autoptr(GtkWindow) window = g_list_model_get_item(all, i);
      if (window != GTK_WINDOW(f->window)) {
        gtk_window_destroy(window);
        break;
      }
    }
  }
  return bad;
}

static gboolean
has_second(Fixture *f, gpointer data)
{
  return g_list_model_get_n_items(gtk_window_get_toplevels()) > 1;
}

static void
test_dialogs(void)
{
  Fixture f;
  guint bad = 0;

  fixture_forget_state();
  fixture_open(&f, NULL);
  /* The about window is libadwaita's own. */
  const char *const actions[] = {"win.shortcuts", "win.preferences", "win.record-strip",
                                 "win.record-film"};
  for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
    g_assert_true(gtk_widget_activate_action(GTK_WIDGET(f.window), actions[i], NULL));
    bad += check_others(&f, actions[i]);
  }
  vitrine_side_show(VITRINE_SIDE(f.window->pane), "training");
  GtkWidget *pane = vitrine_side_get_pane(VITRINE_SIDE(f.window->pane), "training");
  g_assert_true(gtk_widget_activate_action(pane, "training.new", NULL));
  bad += check_others(&f, "new run");
  vitrine_side_show(VITRINE_SIDE(f.window->pane), "explore");
  GtkWidget *explore = vitrine_side_get_pane(VITRINE_SIDE(f.window->pane), "explore");
  g_assert_true(gtk_widget_activate_action(explore, "explore.find", NULL));
  bad += check_others(&f, "find one");
  g_assert_true(gtk_widget_activate_action(explore, "explore.components", NULL));
  bad += check_others(&f, "components");
  g_autofree guint8 *rgb = g_malloc0(80 * 70 * 3);
  g_autofree char *plain = fixture_path("plain.png");
  g_assert_true(sg_png_write(plain, rgb, 80, 70, NULL, NULL));
  g_autoptr(GFile) picture = g_file_new_for_path(plain);
  vitrine_opener_open(vitrine_session_get_opener(f.session), picture);
  fixture_wait(&f, has_second, NULL, 60);
  bad += check_others(&f, "find this face");
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "examine-path",
                                 g_variant_new_string(plain));
  bad += check_others(&f, "examine");
  vitrine_session_error(f.session, "heading", "text");
  bad += check_others(&f, "message");
  g_assert_cmpuint(bad, ==, 0);
  fixture_close(&f);
}

/* ---- right to left ---- */

/* Digits with signs around them, whose order depends on the direction; no letter or mark tells
 * it. */
static gboolean
is_number(const char *text)
{
  gboolean digit = FALSE, sign = FALSE;

  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    if (g_unichar_isalpha(c) || c == 0x200e)
      return FALSE;
    digit |= g_unichar_isdigit(c);
    sign |= !g_unichar_isdigit(c) && c != '.' && c != ',';
  }
  return digit && sign;
}

/* Counts texts of nothing but numbers, and those of them that would be read from right to left. */
static void
check_direction(GtkWidget *w, guint *numbers, guint *wrong)
{
  gboolean label = GTK_IS_LABEL(w) && is_number(gtk_label_get_text(GTK_LABEL(w)));
  gboolean text = GTK_IS_TEXT(w) && is_number(gtk_editable_get_text(GTK_EDITABLE(w)));

  if (label || text) {
    (*numbers)++;
    if (gtk_widget_get_direction(w) != GTK_TEXT_DIR_LTR) {
      g_autofree char *path = path_of(w);
      g_printerr("right to left: %s in %s\n",
                 label ? gtk_label_get_text(GTK_LABEL(w)) : gtk_editable_get_text(GTK_EDITABLE(w)),
                 path);
      (*wrong)++;
    }
  }
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    check_direction(c, numbers, wrong);
}

static gboolean
has_score(Fixture *f, gpointer data)
{
  GtkWidget *logit = fixture_find(GTK_WIDGET(f->window), "prune-logit");
  return logit && is_number(gtk_label_get_text(GTK_LABEL(logit)));
}

/* "0.12 ± 0.03" stays in that order where words run from right to left. */
static void
test_right_to_left(void)
{
  Fixture f;
  guint numbers = 0, wrong = 0;

  gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_side_show(VITRINE_SIDE(f.window->pane), "pruning");
  fixture_wait(&f, has_score, NULL, 60);
  check_direction(GTK_WIDGET(f.window), &numbers, &wrong);
  g_assert_cmpuint(numbers, >=, 4);
  g_assert_cmpuint(wrong, ==, 0);
  fixture_close(&f);
  gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
}

int
main(int argc, char **argv)
{
  g_autofree char *model = vitrine_application_bundled_model();

  if (!model) {
    g_printerr("SKIPPED: the bundled model is not in data/models\n");
    return 77;
  }
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/accessible/panes", test_panes);
  g_test_add_func("/accessible/dialogs", test_dialogs);
  g_test_add_func("/accessible/right-to-left", test_right_to_left);
  return g_test_run();
}
