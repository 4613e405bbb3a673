#include "cli/cli.h"
#include "version.h"

int main(int argc, char **argv) { return cli_main(argc, argv, THREADLINE_VERSION); }
