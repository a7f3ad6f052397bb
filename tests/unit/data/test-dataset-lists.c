/* Lists of labels as people have them: written on Windows, by pandas, by hand; tables; folders. */
#include "engine/data/dataset-labels.h"
#include "tests/unit/data/dataset-support.h"
#include <string.h>

#define SIDE 8

static char *
case_path(const char *name)
{
  return g_test_build_filename(G_TEST_DIST, "cases", "labels", name, NULL);
}

static SgDataset *
open_case(const char *name, const char *labels)
{
  const SgDatasetOptions options = {.use_labels = TRUE, .labels = labels};
  g_autofree char *path = case_path(name);
  GError *error = NULL;
  SgDataset *ds = sg_dataset_open(path, &options, &error);

  g_assert_no_error(error);
  return ds;
}

static guint
class_of(SgDataset *ds, guint index)
{
  g_autofree float *label = g_new(float, ds->label_dim);
  guint k = 0;

  g_assert_true(ds->one_hot);
  sg_dataset_label(ds, index, label);
  while (label[k] == 0)
    k++;
  return k;
}

static void
assert_classes(SgDataset *ds, const char *expected)
{
  g_autoptr(GString) found = g_string_new(NULL);

  for (guint i = 0; i < ds->n; i++)
    g_string_append_printf(found, "%u", class_of(ds, i));
  g_assert_cmpstr(found->str, ==, expected);
}

static void
assert_warned(const SgDataset *ds, const char *words)
{
  for (guint i = 0; i < ds->warnings->len; i++)
    if (strstr(ds->warnings->pdata[i], words))
      return;
  g_error("no warning has “%s”", words);
}

/* ---- dataset.json ---------------------------------------------------------------------------- */

static void
test_spellings(void)
{
  static const char *const names[] = {"l_ok.zip",   "l_backslash.zip", "l_dotslash.zip",
                                      "l_base.zip", "l_bom.zip",       "l_float.zip",
                                      "l_dict.zip", "csvset"};

  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(SgDataset) ds = open_case(names[i], NULL);
    g_assert_cmpint(ds->label_dim, ==, 3);
    assert_classes(ds, "01201201");
    g_assert_cmpuint(ds->warnings->len, ==, 0);
  }
}

static void
test_names(void)
{
  g_autoptr(SgDataset) ds = open_case("l_str.zip", NULL);

  g_assert_cmpstr(ds->label_names[0], ==, "cat");
  g_assert_cmpstr(ds->label_names[1], ==, "dog");
  assert_classes(ds, "10101010");
}

static void
test_null(void)
{
  g_autoptr(SgDataset) ds = open_case("l_none.zip", NULL);

  assert_classes(ds, "0121201"); /* without the fourth */
  g_assert_cmpstr(find_refusal(ds, "00000/img00000003.png")->reason, ==, "its label is null");
}

static void
test_gap(void)
{
  g_autoptr(SgDataset) ds = open_case("l_gap.zip", NULL);
  g_autofree guint *counts = sg_dataset_class_counts(ds);

  g_assert_cmpint(ds->label_dim, ==, 6);
  g_assert_cmpmem(counts, 6 * sizeof *counts, ((const guint[]){0, 4, 0, 0, 0, 4}),
                  6 * sizeof *counts);
  assert_warned(ds, "4 of 6 classes have no picture: 0, 2, 3, 4");
}

typedef struct {
  const char *json, *classes, *warning; /* of a/1.png, a/2.png, b/1.png */
} List;

/* Classes of the pictures that have one, in order. */
static const List lists[] = {
    {"[[\"a/1.png\", 2], [\"a/2.png\", \"1\"], [\"b/1.png\", 0.0]]", "210", NULL},
    {"{\"a/1.png\": 0, \"a/2.png\": 1, \"b/1.png\": 1}", "011", NULL},
    {"{\"labels\": {\"a/1\": \"x\", \"a/2.jpg\": \"y\", \"b/1.JPEG\": \"x\"}}", "010", NULL},
    {"[{\"file_name\": \"a/1.png\", \"label\": 1}, {\"image\": \"b/1.png\", \"class\": 0}]", "10",
     NULL},
    {"[[\"C:\\\\set\\\\a\\\\1.png\", 0], [\"/data/set/b/1.png\", 1]]", "01", NULL},
    {"[[\"./2.png\", 0], [\".\\\\b\\\\1.png\", 1]]", "01", NULL},
    /* Two pictures end so: neither has a label. */
    {"[[\"1.png\", 3], [\"2.png\", 0]]", "0", NULL},
    /* One has just this name. */
    {"[[\"a/1.png\", 1], [\"1.png\", 0], [\"b/1.png\", 1]]", "11", "names 1.png, which is no"},
    {"[[\"a/1.png\", 0], [\"a/1.png\", 1], [\"a\\\\1.png\", 1], [\"b/1.png\", 0]]", "10",
     "2 pictures more than once (a/1.png is one), 1 of these"},
    {"[[\"a/1.png\", 0], [\"gone.png\", 1], [\"b/9.png\", 1]]", "0",
     "gone.png, b/9.png, which are no pictures here (2 names"},
    {"[[\"a/1.png\", 0], [\"a/2.png\", 0], [\"b/1.png\", 1]]", "001",
     "1 of 2 classes have a single picture: 1"},
    {"[[\"a/1.png\", 0], [\"a/2.png\", 0]]", "00", "all pictures have the same class"},
};

static void
put_three(const char *folder)
{
  put_file(folder, "a/1.png", flat_png(SIDE, SIDE, 1, (const guint8[]){1}));
  put_file(folder, "a/2.png", flat_png(SIDE, SIDE, 1, (const guint8[]){2}));
  put_file(folder, "b/1.png", flat_png(SIDE, SIDE, 1, (const guint8[]){3}));
}

static void
check_list(const char *folder, const List *list)
{
  const SgDatasetOptions options = {.use_labels = TRUE};
  GError *error = NULL;

  put_text(folder, "dataset.json", list->json);
  g_autoptr(SgDataset) ds = sg_dataset_open(folder, &options, &error);
  g_assert_no_error(error);
  g_test_message("%s", list->json);
  assert_classes(ds, list->classes);
  if (list->warning)
    assert_warned(ds, list->warning);
}

static void
test_lists(void)
{
  char *folder = make_folder();

  put_three(folder);
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
    check_list(folder, &lists[i]);
  drop_folder(folder);
}

/* ---- folders --------------------------------------------------------------------------------- */

static void
test_folders(void)
{
  g_autoptr(SgDataset) found = open_case("classes", NULL);
  g_autoptr(SgDataset) asked = open_case("classes", "folders");

  assert_classes(found, "000011112222");
  assert_classes(asked, "000011112222");
  g_assert_cmpstr(found->label_names[2], ==, "owl");
}

static void
assert_folders(const char *const *names, gboolean sure, const char *classes, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgLabels) l =
      sg_labels_from_folders(names, g_strv_length((char **)names), sure, &error);
  g_autoptr(GString) found = g_string_new(NULL);

  for (guint i = 0; l && i < l->n; i++)
    g_string_append_printf(found, "%u", l->classes[i]);
  g_assert_cmpstr(found->str, ==, classes);
  g_assert_true(!words == !error);
  g_assert_true(!words || strstr(error->message, words));
}

static void
test_which_folders(void)
{
  const char *const below[] = {"set/x/b/1.png", "set/x/a/1.png", "set/x/a/2.png", NULL};
  const char *const digits[] = {"10/1.png", "2/1.png", NULL};
  const char *const tool[] = {"00000/img00000000.png", "00001/img00001000.png", NULL};
  const char *const parts[] = {"test/1.png", "train/1.png", NULL};
  const char *const deep[] = {"a/x/1.png", "b/1.png", NULL};
  const char *const none[] = {"1.png", "2.png", NULL};
  const char *const one[] = {"a/1.png", "a/2.png", NULL};

  assert_folders(below, TRUE, "100", NULL);
  g_autoptr(SgLabels) l = sg_labels_from_folders(digits, 2, TRUE, NULL);
  g_assert_cmpuint(l->classes[0], ==, 10); /* a number is the class */
  assert_folders(tool, TRUE, "", "only number pictures");
  assert_folders(parts, TRUE, "", "part of a set");
  assert_folders(parts, FALSE, "01", NULL);
  assert_folders(deep, TRUE, "", "more than one folder");
  assert_folders(deep, FALSE, "01", NULL);
  assert_folders(none, TRUE, "", "no folder of a class");
  assert_folders(none, FALSE, "", "found none");
  assert_folders(one, TRUE, "", "no folder of a class");
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const struct {
  const char *text, *classes, *error; /* of a.png, b.png, c.png */
} tables[] = {
    {"filename,label\na.png,0\nb.png,1\nc.png,2\n", "012", NULL},
    {"a.png,2\r\nb.png,1\r\nc.png,0\r\n", "210", NULL},
    {"\xef\xbb\xbflabel;file\ncat;a.png\ndog;b.png\ncat;c.png", "010", NULL},
    {"a.png 0\nb.png   1\n\nc.png 0\n", "010", NULL},
    {"a.png\tx\nb.png\ty\nc.png\tx\n", "010", NULL},
    {",image,class\n0,a.png,\"b, or so\"\n1,b.png,\"a \"\"quoted\"\"\"\n2,c.png,z\n", "102", NULL},
    {"a.png,0\nb.png,\nc.png,1\n", "01", NULL},
    {"", "", "empty file"},
    {"a.png\n", "", "a name and a label"},
    {"a.png,1,2\n", "", "two columns"},
    {"a.png,1\nb.png\n", "", "line 2|2 columns, found 1"},
    {"filename,x,y2\na.png,1,2\nb.png,1,z\n", "", "call it “label”"},
};

static void
check_table(const char *text, const char *classes, const char *words)
{
  static const char *const names[] = {"a.png", "b.png", "c.png"};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SgLabels) l = sg_labels_parse_table("labels.csv", text, strlen(text), &error);
  g_autoptr(GString) found = g_string_new(NULL);
  g_auto(GStrv) parts = words ? g_strsplit(words, "|", -1) : NULL;
  int rows[3] = {-1, -1, -1};

  g_test_message("%s", text);
  g_assert_true(!l == (error != NULL));
  if (l)
    sg_labels_match(l, names, 3, rows, warnings);
  for (int i = 0; i < 3; i++)
    if (rows[i] >= 0)
      g_string_append_printf(found, "%u", l->classes[rows[i]]);
  g_assert_cmpstr(found->str, ==, classes);
  g_assert_true(!words == !error);
  for (char **p = parts; p && *p; p++)
    g_assert_nonnull(strstr(error->message, *p));
}

static void
test_tables(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
    check_table(tables[i].text, tables[i].classes, tables[i].error);
}

/* Columns of numbers are a vector. */
static void
test_vectors(void)
{
  const char *text = "age,filename,smile\n30,a.png,0.5\n4e1,b.png,-1\n";
  g_autoptr(SgLabels) l = sg_labels_parse_table("labels.csv", text, strlen(text), NULL);

  g_assert_false(l->one_hot);
  g_assert_cmpuint(l->dim, ==, 2);
  g_assert_cmpstr(l->names[1], ==, "smile");
  g_assert_cmpmem(l->values, 4 * sizeof(float), ((const float[]){30, 0.5f, 40, -1}),
                  4 * sizeof(float));
}

/* Found beside the pictures, or named. */
static void
test_named_table(void)
{
  g_autofree char *table =
      g_test_build_filename(G_TEST_DIST, "cases", "labels", "csvset", "labels.csv", NULL);
  g_autoptr(SgDataset) ds = open_case("csvset", table);
  const SgDatasetOptions folder = {.use_labels = TRUE, .labels = "/"};
  g_autofree char *path = case_path("csvset");
  g_autoptr(GError) error = NULL;

  assert_classes(ds, "01201201");
  g_assert_null(sg_dataset_open(path, &folder, &error)); /* no regular file */
  g_assert_true(g_str_has_prefix(error->message, "/: "));
}

/* ---- IDX ------------------------------------------------------------------------------------- */

static void
test_dotted(void)
{
  g_autoptr(SgDataset) ds = open_case("mnist-dotted", NULL);

  g_assert_cmpstr(ds->kind, ==, "IDX");
  g_assert_cmpuint(ds->n, ==, 50);
  g_assert_cmpint(ds->label_dim, ==, 10);
  g_assert_cmpuint(class_of(ds, 3), ==, 3);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lists/json/spellings", test_spellings);
  g_test_add_func("/lists/json/names", test_names);
  g_test_add_func("/lists/json/null", test_null);
  g_test_add_func("/lists/json/gap", test_gap);
  g_test_add_func("/lists/json/others", test_lists);
  g_test_add_func("/lists/folders/found", test_folders);
  g_test_add_func("/lists/folders/which", test_which_folders);
  g_test_add_func("/lists/tables/classes", test_tables);
  g_test_add_func("/lists/tables/vectors", test_vectors);
  g_test_add_func("/lists/tables/named", test_named_table);
  g_test_add_func("/lists/idx/dotted", test_dotted);
  return g_test_run();
}
