/* The composition root: see the subcommands below. */
#include "version.h"
#include <stdio.h>

int main(void)
{
	puts("threadline " THREADLINE_VERSION);
	return 0;
}
