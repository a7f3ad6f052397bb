/* The program with the window. */
#include "app/cli/cli.h"
#include "ui/shell/vitrine-application.h"

int
main(int argc, char **argv)
{
  return cli_program(argc, argv, vitrine_application_run);
}
