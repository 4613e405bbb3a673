/* Attachments: stored once by their hash, handed out as downloads that no browser executes. */
#include "api/api.h"
#include "store/blob_row.h"

int attachment_post(struct request *r, struct err *err)
{
	struct str name = request_query(r, "name"), type = request_in_header(r, "Content-Type");
	char sha[65];

	if (r->body.n == 0)
		return err_set(err, ERR_SEMANTIC, "file_empty", "", "the body is the file");
	if (blob_put(app_of(r)->blobs, r->body, sha, err))
		return -1;
	request_json(r, 201);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "sha256", sha);
	json_str(&r->json, "name", name.n ? name : STR("file"));
	json_str(&r->json, "type", type.n ? type : STR("application/octet-stream"));
	json_int(&r->json, "size", (int64_t)r->body.n);
	json_end(&r->json);
	return 0;
}

/* RFC 6266: the name in the extended form, every byte that is not plain escaped. */
static void disposition(struct request *r, struct str name)
{
	struct buf b;

	buf_init(&b, 2048);
	buf_adds(&b, "attachment; filename*=UTF-8''");
	for (size_t i = 0; i < name.n && i < 255; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c == '-' || c == '_')
			buf_addc(&b, (char)c);
		else
			buf_addf(&b, "%%%02X", c);
	}
	request_header(r, "Content-Disposition", buf_cstr(&b));
	buf_free(&b);
}

int attachment_get(struct request *r, struct err *err)
{
	struct str name = request_query(r, "name");
	char sha[65];

	if (r->param[0].n != 64)
		return err_set(err, ERR_NOT_FOUND, "attachment_not_found", NULL,
			       "an attachment is named by its SHA-256");
	memcpy(sha, r->param[0].p, 64);
	sha[64] = 0;
	buf_reset(&r->out);
	if (blob_load(app_of(r)->blobs, readers_get(app_of(r)->readers, NULL), sha, &r->out, err))
		return -1;
	r->status = 200;
	r->content_type = "application/octet-stream";
	disposition(r, name.n ? name : STR("file"));
	request_header(r, "Content-Security-Policy", "default-src 'none'; sandbox");
	return 0;
}
