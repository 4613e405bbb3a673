/* Runs a fuzz target over files and folders of a corpus, without libFuzzer: how `make test` keeps old findings fixed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	struct stat st;
	uint8_t *data;
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f || fstat(fileno(f), &st) || !(data = malloc((size_t)st.st_size + 1))) {
		perror(path);
		if (f)
			fclose(f);
		return -1;
	}
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	/* Of exactly its size, so that a read past the end is seen. */
	data = realloc(data, n ? n : 1);
	if (data)
		LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

static int run_folder(const char *path, int *count)
{
	char inner[4096];
	struct dirent *e;
	DIR *d = opendir(path);
	int r = 0;

	if (!d) {
		++*count;
		return run_file(path);
	}
	while (r == 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
		++*count;
		r = run_file(inner);
	}
	closedir(d);
	return r;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i], &count))
			return 1;
	printf("%d inputs\n", count);
	return count == 0;
}
