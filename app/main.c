/* The program without the window. */
#include "app/cli/cli.h"

int
main(int argc, char **argv)
{
  return cli_program(argc, argv, NULL);
}
