#include "email/classify.h"

int classify(struct part_context *x, struct part *root, struct mail *m)
{
	(void)x;
	(void)root;
	m->class = MAIL_MESSAGE;
	return 0;
}
