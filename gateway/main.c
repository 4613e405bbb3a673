/* The composition root: see the subcommands below. */
#include <stdio.h>

int main(void)
{
	puts("threadline " THREADLINE_VERSION);
	return 0;
}
