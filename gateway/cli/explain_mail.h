/* `threadline explain mail [FILE...|-]`: one JSON line for each mail; a mailbox file ("From " lines) holds several. */
#pragma once

int explain_mail(int argc, char **argv);
