/* What libraries allocate before main is theirs: GLib's constructor outgrows its table of quarks
 * and leaves the old one behind on purpose, because somebody may be reading it. LeakSanitizer
 * would report it, and a suppression by name needs whole stacks, which libraries without frame
 * pointers give only to an unwinder that doubles the time of a window's test.
 *
 * Part of what links GTK, in builds with the address sanitizer. */
#include <sanitizer/lsan_interface.h>
#include <stddef.h>

static int begun;

__attribute__((constructor)) static void
begin(void)
{
  begun = 1; /* constructors of the libraries have run by now */
}

/* Weak in libasan; called after each allocation. */
void __sanitizer_malloc_hook(const volatile void *at, size_t size);

void
__sanitizer_malloc_hook(const volatile void *at, size_t size)
{
  (void)size;
  if (!begun)
    __lsan_ignore_object((const void *)at);
}
